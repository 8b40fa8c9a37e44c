import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { storeConformance } from './conformance.ts'
import { openLMDBStore } from './lmdb.ts'
import type { Store, StoreEvent, WriteOperation } from './store.ts'

const scratch = mkdtempSync(join(tmpdir(), 'futago-lmdb-'))
let directories = 0
const newDirectory = () => join(scratch, `store.${directories++}`)
afterAll(() => rmSync(scratch, { recursive: true }))

storeConformance('The lmdb driver', () => openLMDBStore(newDirectory()))

const create = (key: string, value = key): WriteOperation => ({
  type: 'create',
  key,
  value: Buffer.from(value),
})
const update = (key: string, value: string, expectedRevision: number): WriteOperation => ({
  type: 'update',
  key,
  value: Buffer.from(value),
  expectedRevision,
})

async function contents(store: Store, revision?: number): Promise<string[]> {
  const { entries } = await store.list({ prefix: '', revision })
  return entries.map(entry => `${entry.key}=${entry.value} ${entry.createRevision} ${entry.revision}`)
}

test('A store that was never written is at revision 1', async () => {
  const store = await openLMDBStore(newDirectory())
  expect(await store.revision()).toBe(1)
  await store.close()
})

test('Only its owner can read what it keeps, also when others could before', async () => {
  const directory = newDirectory()
  for (let time = 0; time < 2; time++) {
    const store = await openLMDBStore(directory)
    await store.write([create(`/${time}`)])
    await store.close()
    const modes = ['', 'data.mdb', 'lock.mdb'].map(name => statSync(join(directory, name)).mode & 0o777)
    expect(modes).toEqual([0o700, 0o600, 0o600])
    chmodSync(join(directory, 'data.mdb'), 0o644)
  }
})

test('A store that is opened again goes on where it was, history and all', async () => {
  const directory = newDirectory()
  const before = await openLMDBStore(directory)
  const first = await before.write([create('/a', 'one'), create('/b', 'two')])
  const second = await before.write([update('/a', 'three', first)])
  const third = await before.write([{ type: 'delete', key: '/b', expectedRevision: first }])
  await before.close()
  const after = await openLMDBStore(directory)
  expect(await after.revision()).toBe(third)
  expect(await contents(after)).toEqual([`/a=three ${first} ${second}`])
  expect(await contents(after, first)).toEqual([`/a=one ${first} ${first}`, `/b=two ${first} ${first}`])
  const events: StoreEvent[] = []
  await after.watch({
    prefix: '',
    afterRevision: second,
    onEvents: more => void events.push(...more),
    onEnd: () => undefined,
  })
  expect(await after.write([create('/b')])).toBe(third + 1)
  expect(events.map(event => `${event.type} ${event.key} ${event.value}`)).toEqual([
    'delete /b two',
    'create /b /b',
  ])
  await after.close()
})

test('The revision never goes back, also when everything has been deleted and compacted', async () => {
  const directory = newDirectory()
  const before = await openLMDBStore(directory)
  const created = await before.write([create('/a')])
  const deleted = await before.write([{ type: 'delete', key: '/a', expectedRevision: created }])
  await before.compact(deleted)
  await before.close()
  const after = await openLMDBStore(directory)
  expect(await after.revision()).toBe(deleted)
  expect(await contents(after)).toEqual([])
  await after.close()
})

test('An event has been delivered before its write resolves, and the write is durable by then', async () => {
  const store = await openLMDBStore(newDirectory())
  const journal: string[] = []
  await store.watch({ prefix: '', onEvents: () => void journal.push('event'), onEnd: () => undefined })
  await Promise.all(['/a', '/b'].map(key => store.write([create(key)]).then(() => journal.push('written'))))
  expect(journal).toEqual(['event', 'written', 'written'])
  await store.close()
})

test('Writes may build on one another before the first is durable', async () => {
  const store = await openLMDBStore(newDirectory())
  const revisions = await Promise.all([
    store.write([create('/a', 'one')]),
    store.write([update('/a', 'two', 2)]),
    store.write([{ type: 'delete', key: '/a', expectedRevision: 3 }]),
    store.write([create('/a', 'three')]),
  ])
  expect(revisions).toEqual([2, 3, 4, 5])
  expect(await contents(store)).toEqual(['/a=three 5 5'])
  expect(await contents(store, 3)).toEqual(['/a=two 2 3'])
  await store.close()
})

test('History beyond the limit leaves the disk too, in steps, and the file stops growing', async () => {
  const directory = newDirectory()
  const store = await openLMDBStore(directory, { history: { revisions: 50 } })
  const value = 'x'.repeat(2000)
  let revision = await store.write([create('/a', value)])
  for (let round = 0; round < 20; round++) {
    const writes: Promise<number>[] = []
    for (let time = 0; time < 50; time++) writes.push(store.write([update('/a', value, revision++)]))
    await Promise.all(writes)
  }
  await store.close()
  const after = await openLMDBStore(directory)
  const oldest = await after.get('/a', { revision: revision - 50 })
  expect(oldest!.revision).toBe(revision - 50)
  await expect(after.get('/a', { revision: revision - 250 })).rejects.toMatchObject({ code: 'Compacted' })
  await after.close()
  const { size } = await import('node:fs').then(fs => fs.statSync(join(directory, 'data.mdb')))
  expect(size).toBeLessThan(1_500_000)
})

test('History that grows old is swept while nothing is written', async () => {
  const directory = newDirectory()
  const clock = new FakeClock()
  const store = await openLMDBStore(directory, { clock, history: { ageMs: 1000 } })
  const first = await store.write([create('/a', 'one')])
  const second = await store.write([update('/a', 'two', first)])
  await clock.advance(2000)
  await store.close()
  const after = await openLMDBStore(directory)
  expect(await contents(after)).toEqual([`/a=two ${first} ${second}`])
  await expect(after.get('/a', { revision: first })).rejects.toMatchObject({ code: 'Compacted' })
  await after.close()
})

test('close() waits for the writes under way', async () => {
  const directory = newDirectory()
  const store = await openLMDBStore(directory)
  const written = store.write([create('/a')])
  await store.close()
  expect(await written).toBe(2)
  const after = await openLMDBStore(directory)
  expect(await contents(after)).toEqual(['/a=/a 2 2'])
  await after.close()
})

test('A key too long for a record is refused', async () => {
  const store = await openLMDBStore(newDirectory())
  const long = 'k'.repeat(1800)
  await store.write([create(long)])
  await expect(store.write([create('/a'), create(`${long}k`)])).rejects.toMatchObject({
    code: 'InvalidWrite',
    details: { operation: 1 },
  })
  expect(await store.revision()).toBe(2)
  await store.close()
})
