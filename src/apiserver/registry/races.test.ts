import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { LaggingStore } from '../../storage/store.fake.ts'
import { StoreError, type WriteOperation } from '../../storage/store.ts'
import {
  configMaps,
  context,
  named,
  nextTurn,
  openTestRegistries,
  pods,
  startWatch,
  type Thing,
  things,
} from './registries.fake.ts'

const inDefault = { namespace: 'default' }
const at = (name: string) => ({ namespace: 'default', name })

/** Two servers on one store; `far` hears of what `near` writes only when it asks. */
async function openTwo() {
  const store = openMemoryStore()
  const late = new LaggingStore(store)
  const near = await openTestRegistries({ store })
  const far = await openTestRegistries({ store: late })
  await far.registry(things).list(context, {})
  await far.registry(pods).list(context, {})
  await far.registry(configMaps).list(context, {})
  late.hold()
  return { store, late, near, far }
}

const resized = (size: number) => (current: KubeObject | undefined) => ({
  ...(current as Thing),
  spec: { ...(current as Thing).spec, size },
})
const grow = (current: KubeObject | undefined) => resized(((current as Thing).spec?.size ?? 0) + 1)(current)

test('what another server has written is read, updated and deleted at once', async () => {
  const { near, far } = await openTwo()
  for (const name of ['a', 'b', 'c', 'd']) await near.registry(things).create(context, named(name), inDefault)
  expect((await far.registry(things).list(context, {})).items).toHaveLength(4)
  await near.registry(things).create(context, named('e'), inDefault)
  expect((await far.registry(things).get(context, 'default', 'e')).name).toBe('e')
  await near.registry(things).create(context, named('f'), inDefault)
  const { stored } = await far.registry(things).update(context, at('f'), { transform: resized(7) })
  expect((stored.object as Thing).spec?.size).toBe(7)
  await near.registry(things).create(context, named('g'), inDefault)
  expect((await far.registry(things).delete(context, at('g'), {})).finished).toBe(true)
  await near.registry(things).delete(context, at('f'), {})
  await expect(far.registry(things).update(context, at('f'), { transform: grow })).rejects.toMatchObject({
    code: 404,
  })
})

test('an update with the newest resourceVersion is no conflict, one with an old one is', async () => {
  const { near, far } = await openTwo()
  const created = await near.registry(things).create(context, named('a'), inDefault)
  await far.registry(things).get(context, 'default', 'a')
  const { stored } = await near.registry(things).update(context, at('a'), { transform: resized(2) })
  const send = (size: number, revision: number) =>
    far.registry(things).update(context, at('a'), {
      transform: current => {
        const { metadata, ...rest } = resized(size)(current)
        return { ...rest, metadata: { ...metadata, resourceVersion: String(revision) } }
      },
    })
  await expect(send(3, created.revision)).rejects.toMatchObject({ code: 409, reason: 'Conflict' })
  await near.registry(things).update(context, at('a'), { transform: resized(4) })
  await expect(send(5, stored.revision)).rejects.toMatchObject({ code: 409 })
  const newest = await near.registry(things).get(context, 'default', 'a')
  expect((await send(6, newest.revision)).stored.object).toMatchObject({ spec: { size: 6 } })
})

test('an update that changes nothing of an old state is done on the newest one', async () => {
  const { near, far } = await openTwo()
  await near.registry(things).create(context, named('a'), inDefault)
  await far.registry(things).get(context, 'default', 'a')
  await near.registry(things).update(context, at('a'), { transform: resized(9) })
  const { stored } = await far.registry(things).update(context, at('a'), { transform: resized(1) })
  expect((stored.object as Thing).spec?.size).toBe(1)
  expect((await near.registry(things).get(context, 'default', 'a')).revision).toBe(stored.revision)
})

test('a Pod that was deleted and made again elsewhere is not taken for the one that is going', async () => {
  const { near, far } = await openTwo()
  const running = { ...named('a'), spec: { nodeName: 'n' } }
  await near.registry(pods).create(context, structuredClone(running), inDefault)
  await near.registry(pods).delete(context, at('a'), {})
  await far.registry(pods).get(context, 'default', 'a')
  await near.registry(pods).delete(context, at('a'), { gracePeriodSeconds: 0 })
  const again = await near.registry(pods).create(context, structuredClone(running), inDefault)
  const { stored } = await far.registry(pods).delete(context, at('a'), {})
  expect([stored.uid, stored.object.metadata.deletionGracePeriodSeconds]).toEqual([again.uid, 30])
})

test('no update of many by two servers at once is lost', async () => {
  const store = openMemoryStore()
  const servers = await Promise.all(
    [1, 2, 3].map(() => openTestRegistries({ store: new LaggingStore(store) })),
  )
  const [first] = servers
  await first!.registry(things).create(context, named('a', { spec: { size: 0 } }), inDefault)
  await Promise.all(
    servers.flatMap(({ registry }) =>
      Array.from({ length: 20 }, () => registry(things).update(context, at('a'), { transform: grow })),
    ),
  )
  expect((await first!.registry(things).get(context, 'default', 'a')).object).toMatchObject({
    spec: { size: 60 },
  })
})

test('a name is given to one of those who create it at once, and the others are told so', async () => {
  const store = openMemoryStore()
  const servers = await Promise.all(
    [1, 2, 3].map(() => openTestRegistries({ store: new LaggingStore(store) })),
  )
  const outcomes = await Promise.allSettled(
    servers.map(({ registry }) => registry(configMaps).create(context, named('a'), inDefault)),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      expect(outcome.reason).toMatchObject({
        reason: 'AlreadyExists',
        message: 'configmaps "a" already exists',
      })
    }
  }
})

test('who has the answer to a write finds it in memory, though the store tells later', async () => {
  const { registry } = await openTestRegistries({ store: new LaggingStore(openMemoryStore()) })
  const { seen } = await startWatch(registry(things), { resourceVersion: '0' })
  const recent = { resourceVersion: '0' }
  await registry(things).create(context, named('a'), inDefault)
  expect((await registry(things).get(context, 'default', 'a', recent)).name).toBe('a')
  await registry(things).delete(context, at('a'), {})
  await expect(registry(things).get(context, 'default', 'a', recent)).rejects.toMatchObject({ code: 404 })
  await nextTurn()
  expect(seen()).toEqual(['ADDED a', 'DELETED a'])
})

/** Does every write and then says that nobody knows. */
class SilentStore extends LaggingStore {
  isSilent = false

  override async write(operations: readonly WriteOperation[]): Promise<number> {
    const revision = await super.write(operations)
    if (this.isSilent) throw new StoreError('Unavailable', 'Cannot tell whether it has been written')
    return revision
  }
}

test('an update of which nobody knows whether it has happened is not done again', async () => {
  const store = new SilentStore(openMemoryStore())
  const { registry } = await openTestRegistries({ store })
  await registry(things).create(context, named('a', { spec: { size: 1 } }), inDefault)
  store.isSilent = true
  const update = registry(things).update(context, at('a'), { transform: grow })
  await expect(update).rejects.toMatchObject({ code: 500, reason: 'ServerTimeout' })
  expect((await registry(things).get(context, 'default', 'a')).object).toMatchObject({ spec: { size: 2 } })
})
