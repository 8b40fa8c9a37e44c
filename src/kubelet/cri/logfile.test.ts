import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogOptions } from '../../api/kubeletapi.ts'
import { FakeClock } from '../../component/clock.ts'
import { lastLines, readLog } from './logfile.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'futago-log-'))
  path = join(folder, '0.log')
})
afterEach(() => rm(folder, { recursive: true }))

const clock = new FakeClock(Date.UTC(2026, 0, 1, 0, 1))
const never = new AbortController().signal

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const read = (options: LogOptions) => textOf(readLog({ path, clock, isRunning: () => false }, options, never))

const lines = [
  '2026-01-01T00:00:01.5Z stdout F one',
  '2026-01-01T00:00:02Z stderr P tw',
  '2026-01-01T00:00:03Z stderr F o',
  'what is this',
  '2026-01-01T00:00:55.123456789Z stdout F ',
  '2026-01-01T00:00:56.1+00:00 stdout F four and four',
]
const fill = () => writeFile(path, lines.map(line => `${line}\n`).join(''))

test('Partial lines are joined, and what is no line is left out', async () => {
  await fill()
  expect(await read({})).toBe('one\ntwo\n\nfour and four\n')
})

test('Times have nine decimals and stand before whole lines only', async () => {
  await fill()
  expect(await read({ timestamps: true })).toBe(
    '2026-01-01T00:00:01.500000000Z one\n' +
      '2026-01-01T00:00:02.000000000Z two\n' +
      '2026-01-01T00:00:55.123456789Z \n' +
      '2026-01-01T00:00:56.100000000+00:00 four and four\n',
  )
})

test('The last lines, those since a time, or so many bytes', async () => {
  await fill()
  expect(await read({ tailLines: 1 })).toBe('four and four\n')
  expect(await read({ tailLines: 2 })).toBe('\nfour and four\n')
  expect(await read({ tailLines: 0 })).toBe('')
  expect(await read({ tailLines: 100 })).toBe('one\ntwo\n\nfour and four\n')
  expect(await read({ sinceSeconds: 5 })).toBe('\nfour and four\n')
  expect(await read({ sinceTime: '2026-01-01T00:00:56Z' })).toBe('four and four\n')
  expect(await read({ limitBytes: 6 })).toBe('one\ntw')
})

test('The last lines of a long log are found across the pieces that are read', async () => {
  const line = (index: number) => `2026-01-01T00:00:00Z stdout F ${index} ${'x'.repeat(1000)}\n`
  await writeFile(path, Array.from({ length: 500 }, (_, index) => line(index)).join(''))
  const text = await read({ tailLines: 300 })
  expect(text.split('\n').map(line => line.split(' ')[0])).toEqual([
    ...Array.from({ length: 300 }, (_, index) => String(index + 200)),
    '',
  ])
})

test('A container without a log has said nothing', async () => {
  expect(await read({})).toBe('')
  expect(await read({ follow: true })).toBe('')
})

test('A last line that is not complete is shown once the container has ended', async () => {
  await writeFile(path, '2026-01-01T00:00:01Z stdout F one\n2026-01-01T00:00:01Z stdout P half')
  expect(await read({})).toBe('one\nhalf')
})

test('A follower sees what is added, also after a rotation, until the container ends', async () => {
  await fill()
  let isRunning = true
  const stream = readLog({ path, clock, isRunning: () => isRunning }, { follow: true, tailLines: 1 }, never)
  const chunks = stream[Symbol.asyncIterator]()
  const next = async () => String((await chunks.next()).value)
  expect(await next()).toBe('four and four\n')
  await appendFile(path, '2026-01-01T00:00:57Z stdout F five\n')
  expect(await next()).toBe('five\n')
  await rename(path, `${path}.old`)
  await writeFile(path, '2026-01-01T00:00:58Z stdout F six\n')
  expect(await next()).toBe('six\n')
  await appendFile(path, '2026-01-01T00:00:59Z stdout F seven\n')
  isRunning = false
  expect(await next()).toBe('seven\n')
  expect((await chunks.next()).done).toBe(true)
})

test('A follower that has gone reads no more', async () => {
  await fill()
  const controller = new AbortController()
  const source = { path, clock, isRunning: () => true }
  const text = textOf(readLog(source, { follow: true, tailLines: 1 }, controller.signal))
  controller.abort()
  expect(['', 'four and four\n']).toContain(await text)
})

test('The end of a log, for a message', async () => {
  await fill()
  expect(await lastLines(path, { lines: 2, bytes: 9, clock })).toBe('and four\n')
  expect(await lastLines(join(folder, 'none'), { lines: 2, bytes: 9, clock })).toBe('')
})
