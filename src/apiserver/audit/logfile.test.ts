import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { beforeEach, expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { type LogFields, silentLogger } from '../../component/log.ts'
import { AuditFile, type AuditFileOptions, auditStream } from './logfile.ts'

let directory: string
let path: string
let clock: FakeClock
let errors: LogFields[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'futago-audit-'))
  path = join(directory, 'logs/audit.log')
  clock = new FakeClock()
  errors = []
})

const open = (options: Partial<AuditFileOptions> = {}) =>
  AuditFile.open({
    path,
    clock,
    log: { ...silentLogger, error: (_, fields = {}) => void errors.push(fields) },
    maxBytes: 1000,
    maxBackups: 0,
    maxAgeMs: 0,
    ...options,
  })

const files = () => readdirSync(join(directory, 'logs')).sort()
const read = (name: string) => readFileSync(join(directory, 'logs', name), 'utf8')

/** One after the other, so that each is its own write. */
async function writeLines(options: Partial<AuditFileOptions>, lines: readonly string[]): Promise<AuditFile> {
  const file = await open(options)
  for (const line of lines) file.write(line)
  await file.close()
  return file
}

test('Lines come in order, into a file that only its owner can read, and go on after a restart', async () => {
  await writeLines({}, ['a\n', 'b\n'])
  await writeLines({}, ['c\n'])
  expect(read('audit.log')).toBe('a\nb\nc\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(directory, 'logs')).mode & 0o777).toBe(0o700)
})

test('A file that would become too long makes way; a longer line is alone in its file', async () => {
  await writeLines({ maxBytes: 5 }, ['aa\n', 'bb\n', 'too long\n', 'c\n'])
  expect(files()).toEqual([
    'audit-2026-01-01T00-00-00.000.log',
    'audit-2026-01-01T00-00-00.001.log',
    'audit-2026-01-01T00-00-00.002.log',
    'audit.log',
  ])
  expect(files().map(read)).toEqual(['aa\n', 'bb\n', 'too long\n', 'c\n'])
})

test('Of old files only so many stay, and only so long; other files are left alone', async () => {
  mkdirSync(join(directory, 'logs'))
  const times = ['2025-01-01T00-00-00.000', '2025-12-31T00-00-00.000', 'x']
  for (const name of times.map(time => `audit-${time}.log`)) {
    writeFileSync(join(directory, 'logs', name), name)
  }
  await writeLines({ maxBytes: 1, maxAgeMs: 86_400_000 * 2 }, ['a\n', 'b\n'])
  const kept = ['audit-2025-12-31T00-00-00.000.log', 'audit-2026-01-01T00-00-00.000.log']
  expect(files()).toEqual([...kept, 'audit-x.log', 'audit.log'])
  await writeLines({ maxBytes: 1, maxBackups: 1 }, ['c\n'])
  expect(files()).toHaveLength(3)
  expect(read('audit.log')).toBe('c\n')
})

test('What the disk does not take is lost, counted and told once in a while; then it goes on', async () => {
  const file = await open({ maxBytes: 1 })
  file.write('a\n')
  rmSync(join(directory, 'logs'), { recursive: true })
  for (const line of ['b\n', 'c\n']) file.write(line)
  await file.flushed()
  expect(file.lost).toBeGreaterThanOrEqual(2)
  expect(errors).toHaveLength(1)
  expect(errors[0]).toMatchObject({ path, error: expect.stringContaining('ENOENT') })
  const { lost } = file
  mkdirSync(join(directory, 'logs'))
  file.write('d\n')
  await file.close()
  file.write('e\n')
  expect(read('audit.log')).toBe('d\n')
  expect(file.lost).toBe(lost + 1)
})

test('A line more than the memory for them is lost', async () => {
  const file = await open({ maxBytes: Number.MAX_SAFE_INTEGER })
  const line = `${'x'.repeat(9_000_000)}\n`
  // The first one is being written when the others come.
  for (let count = 0; count < 6; count++) file.write(line)
  await file.close()
  expect(file.lost).toBe(2)
  expect(errors).toMatchObject([{ error: 'the disk is too slow', lost: 1 }])
})

test('On a stream lines go as they come, up to a limit', () => {
  const stream = new PassThrough()
  const sink = auditStream(stream)
  sink.write('a\n')
  expect(String(stream.read())).toBe('a\n')
  const line = 'x'.repeat(20_000_000)
  for (let count = 0; count < 3; count++) sink.write(line)
  expect(sink.lost).toBe(1)
})
