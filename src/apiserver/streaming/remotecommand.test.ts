import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { type ClientStreams, outcomeStatus, runSession } from './remotecommand.ts'

test('Everything that a command wrote is sent before its outcome, however slow the connection', async () => {
  const journal: string[] = []
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      setImmediate(() => {
        journal.push(String(chunk))
        done()
      })
    },
  })
  const client: ClientStreams = {
    stdout,
    onResize: () => undefined,
    onClose: () => undefined,
    async finish(status) {
      journal.push(JSON.stringify(status))
    },
  }
  const output = new PassThrough()
  for (const line of ['one', 'two', 'three', 'four']) output.write(line)
  output.end()
  await runSession(
    {
      stdout: output,
      resize: () => undefined,
      close: () => undefined,
      outcome: Promise.resolve({ type: 'exited', exitCode: 0 }),
    },
    client,
  )
  expect(journal.slice(0, -1).join(' ')).toBe('one two three four')
  expect(journal.at(-1)).toBe('{"metadata":{},"status":"Success"}')
})

test('outcomeStatus() carries the exit code as kubectl reads it', () => {
  expect(outcomeStatus({ type: 'exited', exitCode: 7 })).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '7' }] },
  })
  expect(outcomeStatus({ type: 'failed', message: 'gone' })).toMatchObject({
    code: 500,
    reason: 'InternalError',
  })
})
