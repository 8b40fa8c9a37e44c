import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { type Store, StoreError, type StoreWatchOptions } from '../../storage/store.ts'
import { StoreFollower } from './storefollower.ts'

const value = Buffer.from('{}')
const create = (store: Store, key: string) => store.write([{ type: 'create', key, value }])

function journal(store: Store) {
  const clock = new FakeClock()
  const seen: string[] = []
  const follower = new StoreFollower(
    { store, clock, log: silentLogger },
    {
      prefix: '/x/',
      reset: entries => seen.push(`all: ${entries.map(({ key }) => key).join()}`),
      apply: events => seen.push(...events.map(({ type, key }) => `${type} ${key}`)),
    },
  )
  return { clock, seen, follower }
}

test('It reads what is there, then what changes, until it is closed', async () => {
  const store = openMemoryStore()
  await create(store, '/x/a')
  const { seen, follower } = journal(store)
  await follower.open()
  await create(store, '/x/b')
  await create(store, '/y/c')
  follower.close()
  await create(store, '/x/d')
  expect(seen).toEqual(['all: /x/a', 'create /x/b'])
})

test('When the store cuts it off it reads everything again', async () => {
  const store = openMemoryStore()
  const watches: StoreWatchOptions[] = []
  const watch = store.watch.bind(store)
  store.watch = options => {
    watches.push(options)
    return watch(options)
  }
  const { clock, seen, follower } = journal(store)
  await follower.open()
  watches[0]!.onEnd(new StoreError('Compacted', 'too old'))
  await create(store, '/x/a')
  await clock.advance(1000)
  expect(seen).toContain('all: /x/a')
  expect(watches).toHaveLength(2)
  follower.close()
})
