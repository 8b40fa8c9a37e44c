import type { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { LogBuffer } from './logbuffer.ts'

const never = new AbortController().signal

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function filled() {
  const clock = new FakeClock(Date.UTC(2026, 0, 1))
  const log = new LogBuffer(clock)
  log.write('one\ntw')
  await clock.advance(5000)
  log.write('o\nthree\n')
  return { clock, log }
}

test('All lines, the last ones, those since a time, or so many bytes', async () => {
  const { log } = await filled()
  const read = (options: object) => textOf(log.read(options, never))
  expect(await read({})).toBe('one\ntwo\nthree\n')
  expect(await read({ tailLines: 2 })).toBe('two\nthree\n')
  expect(await read({ tailLines: 0 })).toBe('')
  expect(await read({ sinceSeconds: 1 })).toBe('three\n')
  expect(await read({ sinceTime: '2026-01-01T00:00:03Z' })).toBe('three\n')
  expect(await read({ limitBytes: 5 })).toBe('one\nt')
  expect(await read({ tailLines: 1, timestamps: true })).toBe('2026-01-01T00:00:05.000000000Z three\n')
})

test('A follower sees what comes, until the container ends', async () => {
  const { log } = await filled()
  const text = textOf(log.read({ follow: true, tailLines: 1 }, never))
  log.write('fo')
  log.write('ur\n')
  log.close()
  expect(await text).toBe('three\nfour\n')
  expect(await textOf(log.read({ follow: true }, never))).toContain('four')
})

test('A follower that goes away is let go', async () => {
  const { log } = await filled()
  const controller = new AbortController()
  const text = textOf(log.read({ follow: true, tailLines: 1 }, controller.signal))
  controller.abort()
  log.write('late\n')
  expect(await text).toBe('three\n')
})

test('Old lines make room for new ones', async () => {
  const log = new LogBuffer(new FakeClock())
  const line = `${'x'.repeat(99_999)}\n`
  for (let count = 0; count < 30; count++) log.write(line)
  log.write('end\n')
  const text = await textOf(log.read({}, never))
  expect(text.length).toBeLessThan(1_000_001)
  expect(text.endsWith('x\nend\n')).toBe(true)
})
