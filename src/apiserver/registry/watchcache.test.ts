import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import type { StoreWatchOptions } from '../../storage/store.ts'
import { StoreError } from '../../storage/store.ts'
import { configMaps, context, named, nextTurn, startWatch } from './registries.fake.ts'
import { createRegistries } from './registries.ts'
import { Codec } from './stored.ts'
import { WatchCache } from './watchcache.ts'

const inDefault = { namespace: 'default' }
const prefix = '/registry/configmaps/'
const codec = new Codec(configMaps)
const value = (name: string) => codec.encode({ metadata: { namespace: 'default', name } })

test('loads what the store has and follows it', async () => {
  const store = openMemoryStore()
  await store.write([{ type: 'create', key: `${prefix}default/a`, value: value('a') }])
  const cache = new WatchCache({ store, prefix, codec, onLost: () => undefined })
  expect(await cache.current()).toBe(2)
  await store.write([
    { type: 'create', key: `${prefix}default/b`, value: value('b') },
    { type: 'delete', key: `${prefix}default/a`, expectedRevision: 2 },
  ])
  expect(cache.list().map(({ name, revision }) => [name, revision])).toEqual([['b', 3]])
  expect(cache.changesAfter(2)?.map(({ type, stored }) => `${type} ${stored.name}`)).toEqual([
    'ADDED b',
    'DELETED a',
  ])
  await store.write([{ type: 'create', key: '/elsewhere', value: value('c') }])
  expect([await cache.current(), cache.lastChange]).toEqual([4, 3])
  await cache.close()
})

test('when the store’s watch breaks, watches end and the next read begins anew', async () => {
  const store = openMemoryStore()
  const watched: StoreWatchOptions[] = []
  const breakable = {
    ...store,
    revision: () => store.revision(),
    get: store.get.bind(store),
    list: store.list.bind(store),
    write: store.write.bind(store),
    progress: () => store.progress(),
    watch: (options: StoreWatchOptions) => {
      watched.push(options)
      return store.watch(options)
    },
  }
  const registries = createRegistries({
    store: breakable,
    resources: [configMaps],
    clock: new FakeClock(),
    log: silentLogger,
    admission: [],
  })
  const registry = registries.lookup('', 'v1', 'configmaps')!
  await registry.create(context, named('a'), inDefault)
  const watching = await startWatch(registry)
  await nextTurn()
  watched[0]!.onEnd(new StoreError('Unavailable', 'gone'))
  expect(watching.ends).toEqual([undefined])
  expect((await registry.list(context, {})).items.map(({ name }) => name)).toEqual(['a'])
  await registry.create(context, named('b'), inDefault)
  expect((await registry.get(context, 'default', 'b')).revision).toBe(3)
  expect(watched).toHaveLength(2)
})

test('close() ends all watches without an error', async () => {
  const store = openMemoryStore()
  const registries = createRegistries({
    store,
    resources: [configMaps],
    clock: new FakeClock(),
    log: silentLogger,
    admission: [],
  })
  const watching = await startWatch(registries.lookup('', 'v1', 'configmaps')!)
  await registries.close()
  expect(watching.ends).toEqual([undefined])
})
