import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almostBytes, fuzz, orRefused } from '../../test/fuzzing.ts'
import { openMemoryStore } from './memory.ts'
import { parseSnapshot, snapshotLines } from './snapshotfile.ts'
import { type Store, StoreError } from './store.ts'

async function textOf(store: Store): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of snapshotLines(store)) parts.push(part)
  return Buffer.concat(parts).toString()
}

const binary = Buffer.from([0, 255, 128, 10])

async function filled(): Promise<Store> {
  const store = openMemoryStore()
  await store.write([{ type: 'create', key: '/a', value: Buffer.from('{"a":"日\\n"}') }])
  await store.write([{ type: 'create', key: '/b', value: binary }])
  await store.write([{ type: 'update', key: '/a', value: Buffer.from('{}'), expectedRevision: 2 }])
  return store
}

test('A snapshot is lines of JSON between a head and a digest', async () => {
  const lines = (await textOf(await filled())).split('\n')
  expect(lines.slice(0, 3)).toEqual([
    '{"format":"futago-snapshot/1","revision":4}',
    '{"key":"/a","revision":4,"createRevision":2,"value":"{}"}',
    '{"key":"/b","revision":3,"createRevision":3,"base64":"AP+ACg=="}',
  ])
  expect(lines[3]).toMatch(/^\{"entries":2,"sha256":"[0-9a-f]{64}"\}$/)
})

test('It shows one revision, whatever is written meanwhile, and is read as what was there', async () => {
  const store = openMemoryStore()
  const many = Array.from({ length: 1200 }, (_, index) => `/key/${String(index).padStart(4, '0')}`)
  await store.write(many.map(key => ({ type: 'create', key, value: Buffer.from(key) })))
  const parts: Buffer[] = []
  for await (const part of snapshotLines(store)) {
    parts.push(part)
    const last = await store.get('/key/1199')
    if (last) await store.write([{ type: 'delete', key: last.key, expectedRevision: last.revision }])
  }
  const { revision, entries } = parseSnapshot(Buffer.concat(parts))
  expect(revision).toBe(2)
  expect([...entries.values()].map(({ key, value }) => [key, String(value)])).toEqual(
    many.map(key => [key, key]),
  )
})

test('An empty store has a snapshot, and bytes come back as they were', async () => {
  expect(parseSnapshot(Buffer.from(await textOf(openMemoryStore()))).entries.size).toBe(0)
  const { entries } = parseSnapshot(Buffer.from(await textOf(await filled())))
  expect(entries.get('/b')?.value).toEqual(binary)
})

test('What is cut off, damaged or something else is told apart', async () => {
  const text = await textOf(await filled())
  const refused = (changed: string) => {
    try {
      parseSnapshot(Buffer.from(changed))
      return 'read'
    } catch (error) {
      return (error as StoreError).message
    }
  }
  expect(refused('')).toBe('Cannot read the snapshot: it does not begin with "futago-snapshot/1"')
  expect(refused(text.slice(0, 100))).toBe('Cannot read the snapshot: it is cut off')
  expect(refused(text.slice(0, text.lastIndexOf('{"entries"')))).toBe(
    'Cannot read the snapshot: it is cut off',
  )
  expect(refused(text.replace('"{}"', '"{1"'))).toBe(
    'Cannot read the snapshot: its digest does not fit: it is damaged',
  )
})

test('Any change of a snapshot is noticed', async () => {
  const bytes = Buffer.from(await textOf(await filled()))
  fuzz(
    fc.property(almostBytes(fc.constant(bytes)), changed => {
      const found = orRefused(() => parseSnapshot(changed), StoreError)
      if (found) expect(changed.equals(bytes)).toBe(true)
    }),
    2000,
  )
})
