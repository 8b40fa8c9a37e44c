import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startDaemon } from './daemon.ts'

const newLog = () => join(mkdtempSync(join(tmpdir(), 'futago-daemon-')), 'log')

test('a daemon says what it says to its log, and how it ended', async () => {
  const logPath = newLog()
  const first = await startDaemon('sh', ['-c', 'echo one; echo two >&2; exit 3'], { logPath })
  expect(await first.ended).toBe('exit code 3')
  const second = await startDaemon('sh', ['-c', 'kill -KILL $$'], { logPath })
  expect(await second.ended).toBe('SIGKILL')
  expect(readFileSync(logPath, 'utf8')).toBe('one\ntwo\n')
})

test('a Node.js program exchanges messages with who started it', async () => {
  const script = 'process.on("message", ({ n }) => process.send({ n: n + 1 }, () => process.exit(0)))'
  const messages: unknown[] = []
  const daemon = await startDaemon(process.execPath, ['-e', script], {
    logPath: newLog(),
    onMessage: message => messages.push(message),
  })
  daemon.send({ n: 6 })
  expect(await daemon.ended).toBe('exit code 0')
  daemon.send({ n: 7 })
  expect(messages).toEqual([{ n: 7 }])
})

test('a program that does not exist is an error', async () => {
  await expect(startDaemon('futago-no-such-program', [], { logPath: newLog() })).rejects.toThrow('ENOENT')
})
