import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import type { ExecOutcome, ExecSession } from '../api/kubeletapi.ts'
import { parseTerminalSize, runSession } from './remotecommand.ts'

test('A slow client gets all that was written before it gets the outcome', async () => {
  const stdout = new PassThrough()
  const outcome: ExecOutcome = { type: 'exited', exitCode: 0 }
  const session: ExecSession = {
    stdout,
    resize: () => undefined,
    outcome: Promise.resolve(outcome),
    close: () => undefined,
  }
  const received: string[] = []
  const slow = new Writable({
    write(chunk, _encoding, done) {
      received.push(chunk.toString())
      setImmediate(() => setImmediate(done))
    },
  })
  for (const line of ['one', 'two', 'three', 'four']) stdout.write(line)
  stdout.end()
  await runSession(session, {
    stdout: slow,
    onResize: () => undefined,
    onClose: () => undefined,
    finish: async () => void received.push('finished'),
  })
  expect(received).toEqual(['one', 'two', 'three', 'four', 'finished'])
})

test.each([
  ['{"Width":132,"Height":50}', { columns: 132, rows: 50 }],
  ['{"height":50,"width":132}', { columns: 132, rows: 50 }],
  ['{"Width":132}', undefined],
  ['{"Width":-1,"Height":50}', undefined],
  ['null', undefined],
  ['{', undefined],
])('The size %j of a terminal is %j', (text, size) => {
  expect(parseTerminalSize(text)).toEqual(size)
})
