import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { ClaimedKeys } from './claimedkeys.ts'

const value = Buffer.from('{}')

async function open() {
  const store = openMemoryStore()
  await store.write([{ type: 'create', key: '/x/old', value }])
  const taken = new Set<string>()
  const pool = {
    mark: (name: string) => void taken.add(name),
    unmark: (name: string) => void taken.delete(name),
  }
  const keys = new ClaimedKeys({ store, prefix: '/x/', pool, clock: new FakeClock(), log: silentLogger })
  await keys.open()
  return { store, keys, taken, pool }
}

test('What the store has is taken', async () => {
  const { keys, taken } = await open()
  expect([...keys.names()]).toEqual(['old'])
  expect([...taken]).toEqual(['old'])
  keys.close()
})

test('A claim lasts when it is written, and goes when it is not', async () => {
  const { store, keys, taken, pool } = await open()
  for (const name of ['a', 'b']) pool.mark(name)
  const written = keys.claim('a', value)
  keys.claim('b', value)
  expect([...keys.names()]).toEqual(['old', 'a', 'b'])
  await store.write([written])
  keys.abandon('a')
  keys.abandon('b')
  expect([...taken]).toEqual(['old', 'a'])
  keys.close()
})

test('A name is given back by the operation that deletes its key', async () => {
  const { store, keys, taken } = await open()
  expect(keys.disclaim('nothing')).toBeUndefined()
  const operation = keys.disclaim('old')!
  expect([...taken]).toEqual(['old'])
  await store.write([operation])
  expect([...taken]).toEqual([])
  keys.close()
})

test('A name that somebody else took meanwhile stays taken when the claim fails', async () => {
  const { store, keys, taken, pool } = await open()
  pool.mark('a')
  const operation = keys.claim('a', value)
  await store.write([{ type: 'create', key: '/x/a', value }])
  await expect(store.write([operation])).rejects.toThrow()
  keys.abandon('a')
  expect(taken.has('a')).toBe(true)
  keys.close()
})
