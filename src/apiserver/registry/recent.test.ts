import { expect, test } from 'vitest'
import { openMemoryStore } from '../../storage/memory.ts'
import { LaggingStore } from '../../storage/store.fake.ts'
import { recentReads } from './recent.ts'
import { context, named, openTestRegistries, things } from './registries.fake.ts'

const inDefault = { namespace: 'default' }

async function open() {
  const store = openMemoryStore()
  const late = new LaggingStore(store)
  const near = await openTestRegistries({ store })
  const far = await openTestRegistries({ store: late })
  const recent = recentReads(far.lookup)('apps', 'v1', 'things')!
  await recent.list(context, {})
  late.hold()
  return { near: near.registry(things), recent, late }
}

test('What is in memory is answered without asking the store', async () => {
  const { near, recent, late } = await open()
  await near.create(context, named('a'), inDefault)
  const before = late.progressCalls
  expect((await recent.list(context, inDefault)).items).toEqual([])
  expect(late.progressCalls).toBe(before)
})

test('What memory does not have is asked for before it is said not to be there', async () => {
  const { near, recent } = await open()
  await near.create(context, named('a'), inDefault)
  expect((await recent.get(context, 'default', 'a')).name).toBe('a')
  await expect(recent.get(context, 'default', 'b')).rejects.toMatchObject({ code: 404 })
})

test('There is nothing to read of what there is no registry of', async () => {
  const { lookup } = await openTestRegistries()
  expect(recentReads(lookup)('apps', 'v1', 'nothings')).toBeUndefined()
})
