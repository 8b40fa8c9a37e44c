import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { storeConformance } from './conformance.ts'
import { openMemoryStore } from './memory.ts'
import type { Store, WriteOperation } from './store.ts'

storeConformance('The memory driver', async () => openMemoryStore())

const value = Buffer.from('value')
const create = (key: string): WriteOperation => ({ type: 'create', key, value })
const outcome = (reading: Promise<unknown>) =>
  reading.then(
    () => 'readable',
    error => error.code,
  )

async function rewrite(store: Store, key: string, times: number): Promise<number> {
  let revision = await store.write([create(key)])
  for (let time = 1; time < times; time++) {
    revision = await store.write([{ type: 'update', key, value, expectedRevision: revision }])
  }
  return revision
}

test('A store that was never written is at revision 1', async () => {
  expect(await openMemoryStore().revision()).toBe(1)
})

test('An event has been delivered before its write resolves', async () => {
  const store = openMemoryStore()
  const journal: string[] = []
  await store.watch({ prefix: '/', onEvents: () => void journal.push('event'), onEnd: () => undefined })
  await store.write([create('/a')]).then(() => journal.push('written'))
  expect(journal).toEqual(['event', 'written'])
})

test('No more than the revisions asked for are kept', async () => {
  const store = openMemoryStore({ history: { revisions: 100 } })
  const newest = await rewrite(store, '/a', 500)
  expect(await outcome(store.get('/a', { revision: newest - 100 }))).toBe('readable')
  expect(await outcome(store.get('/a', { revision: newest - 101 }))).toBe('Compacted')
})

test('History older than the age limit is forgotten, newer history is not', async () => {
  const clock = new FakeClock()
  const store = openMemoryStore({ clock, history: { ageMs: 60_000 } })
  const first = await rewrite(store, '/a', 10)
  await clock.advance(30_000)
  const second = await rewrite(store, '/b', 10)
  await clock.advance(40_000)
  expect(await outcome(store.get('/a', { revision: first - 1 }))).toBe('Compacted')
  expect(await outcome(store.get('/b', { revision: second - 1 }))).toBe('readable')
  await clock.advance(40_000)
  expect(await outcome(store.get('/b', { revision: second - 1 }))).toBe('Compacted')
  expect(await outcome(store.get('/b'))).toBe('readable')
})

test('A watch whose callback throws ends as Unavailable and hurts nobody else', async () => {
  const store = openMemoryStore()
  const journal: string[] = []
  await store.watch({
    prefix: '/',
    onEvents: () => {
      throw new Error('sick')
    },
    onEnd: error => void journal.push(error.code),
  })
  await store.watch({
    prefix: '/',
    onEvents: events => void journal.push(events[0]!.key),
    onEnd: () => undefined,
  })
  await store.write([create('/a')])
  await store.write([create('/b')])
  expect(journal).toEqual(['Unavailable', '/a', '/b'])
})
