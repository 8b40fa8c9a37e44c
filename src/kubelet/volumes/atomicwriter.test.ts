import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeAtomically } from './atomicwriter.ts'

let folder: string
const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'futago-volume-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const filesOf = (texts: Readonly<Record<string, string>>, mode = 0o644) =>
  new Map(Object.entries(texts).map(([path, text]) => [path, { content: Buffer.from(text), mode }]))
const read = (path: string) => readFileSync(join(folder, path), 'utf8')
const modeOf = (path: string) => statSync(join(folder, path)).mode & 0o7777

test('Files are links through ..data into a folder named after the time', () => {
  expect(writeAtomically(filesOf({ a: '1', 'x/y': '2' }), { folder, nowMs })).toBe(true)
  expect(readlinkSync(join(folder, '..data'))).toMatch(/^\.\.2026_01_02_03_04_05\.\w+$/)
  expect(readlinkSync(join(folder, 'a'))).toBe('..data/a')
  expect(readlinkSync(join(folder, 'x'))).toBe('..data/x')
  expect([read('a'), read('x/y'), modeOf('a')]).toEqual(['1', '2', 0o644])
})

test('New contents take the place of the old at once, and leave nothing of them', () => {
  writeAtomically(filesOf({ a: '1', gone: 'x', 'x/y': '2' }), { folder, nowMs })
  const before = realpathSync(join(folder, '..data'))
  writeAtomically(filesOf({ a: 'new', 'x/z': '3' }, 0o400), { folder, nowMs })
  expect(readdirSync(folder).filter(name => !name.startsWith('..'))).toEqual(['a', 'x'])
  expect([read('a'), read('x/z'), modeOf('a')]).toEqual(['new', '3', 0o400])
  expect(existsSync(join(folder, 'x/y'))).toBe(false)
  expect(existsSync(before)).toBe(false)
  expect(readdirSync(folder)).toHaveLength(4)
})

test('What is there already is not written again', () => {
  writeAtomically(filesOf({ a: '1' }), { folder, nowMs })
  const before = readlinkSync(join(folder, '..data'))
  expect(writeAtomically(filesOf({ a: '1' }), { folder, nowMs })).toBe(false)
  expect(readlinkSync(join(folder, '..data'))).toBe(before)
  expect(writeAtomically(filesOf({ a: '1' }, 0o600), { folder, nowMs })).toBe(true)
})

test('What a crash left half done is cleared away', () => {
  writeAtomically(filesOf({ a: '1' }), { folder, nowMs })
  const left = mkdtempSync(join(folder, '..2025_01_01_00_00_00.'))
  writeAtomically(filesOf({ a: '2' }), { folder, nowMs })
  expect(existsSync(left)).toBe(false)
  expect(read('a')).toBe('2')
  rmSync(join(folder, 'a'))
  writeAtomically(filesOf({ a: '2' }), { folder, nowMs })
  expect(read('a')).toBe('2')
})

test('No files at all are an empty folder', () => {
  expect(writeAtomically(new Map(), { folder, nowMs })).toBe(true)
  expect(readdirSync(join(folder, '..data'))).toEqual([])
})

test.runIf(process.getuid?.() === 0)('A group may read what it could not otherwise', () => {
  const files = new Map([['token', { content: Buffer.from('t'), mode: 0o600, owner: 1000 }]])
  writeAtomically(files, { folder, nowMs, group: 2000 })
  const { uid, gid } = statSync(join(folder, 'token'))
  expect([uid, gid, modeOf('token'), modeOf('..data')]).toEqual([1000, 2000, 0o640, 0o2755])
})
