import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import {
  configMaps,
  context,
  named,
  nextTurn,
  openTestRegistries,
  startWatch,
  things,
} from './registries.fake.ts'
import { Codec } from './stored.ts'

const inDefault = { namespace: 'default' }
const at = (name: string) => ({ namespace: 'default', name })
const fails = (error: { code: number; reason?: string; message?: string }) =>
  expect.objectContaining(error) as unknown

test('a watch sees what there is and then each change, from its revision on', async () => {
  const { registry } = await openTestRegistries()
  const registered = registry(configMaps)
  const a = await registered.create(context, named('a'), inDefault)
  const all = await startWatch(registered)
  const since = await startWatch(registered, { resourceVersion: a.object.metadata.resourceVersion! })
  await registered.create(context, named('b'), inDefault)
  await registered.update(context, at('a'), { transform: o => ({ ...o!, data: { x: 'y' } }) as KubeObject })
  await registered.delete(context, at('a'), {})
  await nextTurn()
  expect(all.seen()).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED a'])
  expect(since.seen()).toEqual(['ADDED b', 'MODIFIED a', 'DELETED a'])
  const deleted = all.events.at(-1)!
  expect(deleted).toMatchObject({
    stored: { object: { data: { x: 'y' }, metadata: { resourceVersion: '5' } } },
  })
  all.watch.close()
  await registered.create(context, named('c'), inDefault)
  expect(all.seen()).toHaveLength(4)
})

test('a watch with a selector sees objects come into its view and leave it', async () => {
  const { registry } = await openTestRegistries()
  const registered = registry(things)
  const watching = await startWatch(registered, { fieldSelector: 'spec.node=n1' })
  const move = (node: string) =>
    registered.update(context, at('a'), { transform: o => ({ ...o!, spec: { node } }) as KubeObject })
  await registered.create(context, named('a', { spec: { node: '' } }), inDefault)
  await move('n1')
  await move('n2')
  await nextTurn()
  expect(watching.seen()).toEqual(['ADDED a', 'DELETED a'])
  expect(watching.events[1]).toMatchObject({ stored: { revision: 4, object: { spec: { node: 'n1' } } } })
})

test('a watch ends at its timeout, with a bookmark shortly before', async () => {
  const { registry, clock } = await openTestRegistries()
  const watching = await startWatch(registry(configMaps), {
    timeoutSeconds: 100,
    allowWatchBookmarks: true,
  })
  await nextTurn()
  await clock.advance(61_000)
  expect(watching.seen()).toEqual(['BOOKMARK'])
  await clock.advance(38_500)
  expect(watching.seen()).toEqual(['BOOKMARK', 'BOOKMARK'])
  await clock.advance(1_000)
  expect(watching.ends).toEqual([undefined])
})

test('sendInitialEvents ends the initial events with its bookmark', async () => {
  const { registry } = await openTestRegistries()
  await registry(configMaps).create(context, named('a'), inDefault)
  const watching = await startWatch(registry(configMaps), {
    sendInitialEvents: true,
    allowWatchBookmarks: true,
    resourceVersionMatch: 'NotOlderThan',
  })
  await nextTurn()
  expect(watching.seen()).toEqual(['ADDED a', 'BOOKMARK end'])
  expect(watching.events[1]).toMatchObject({ revision: 2 })
  await expect(startWatch(registry(configMaps), { sendInitialEvents: true })).rejects.toEqual(
    fails({
      code: 422,
      message:
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires ' +
        'setting resourceVersionMatch to NotOlderThan',
    }),
  )
})

test('a watch from before the cache was filled is served from the store’s history', async () => {
  const { registry, store } = await openTestRegistries()
  const registered = registry(things)
  const value = (node: string) =>
    new Codec(things).encode({
      metadata: { namespace: 'default', name: 'a' },
      spec: { node },
    } as KubeObject)
  const key = '/registry/things/default/a'
  await store.write([{ type: 'create', key, value: value('n1') }])
  await store.write([{ type: 'update', key, value: value('n2'), expectedRevision: 2 }])
  await store.write([{ type: 'delete', key, expectedRevision: 3 }])
  const all = await startWatch(registered, { resourceVersion: '1' })
  const selecting = await startWatch(registered, { resourceVersion: '1', fieldSelector: 'spec.node=n2' })
  await registered.create(context, named('b', { spec: { node: 'n2' } }), inDefault)
  await nextTurn()
  expect(all.seen()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b'])
  expect(selecting.seen()).toEqual(['ADDED a', 'DELETED a', 'ADDED b'])
})

test('a watch from a revision that the store has forgotten ends at once with Expired', async () => {
  const { registry, store } = await openTestRegistries()
  await store.write([{ type: 'create', key: '/elsewhere', value: Buffer.from('x') }])
  await store.compact(2)
  const watching = await startWatch(registry(configMaps), { resourceVersion: '1' })
  await nextTurn()
  expect(watching.ends).toEqual([fails({ code: 410, message: 'too old resource version: 1 (2)' })])
})

test('a watcher that fails ends, and the others go on', async () => {
  const { registry } = await openTestRegistries()
  const registered = registry(configMaps)
  const failing = await startWatch(registered, {
    onEvents: () => {
      throw new Error('broken')
    },
  })
  const other = await startWatch(registered)
  await nextTurn()
  await registered.create(context, named('a'), inDefault)
  await registered.create(context, named('b'), inDefault)
  expect(other.seen()).toEqual(['ADDED a', 'ADDED b'])
  expect(failing.ends).toEqual([fails({ code: 500, reason: 'InternalError' })])
})

test('a watch from a revision that was never reached says so, once the store has been asked', async () => {
  const { registry } = await openTestRegistries()
  const registered = registry(configMaps)
  const { object } = await registered.create(context, named('a'), inDefault)
  const newest = Number(object.metadata.resourceVersion)
  const fine = await startWatch(registered, { resourceVersion: String(newest) })
  const ahead = await startWatch(registered, { resourceVersion: String(newest + 1) })
  await nextTurn()
  await registered.create(context, named('b'), inDefault)
  expect([fine.seen(), ahead.seen()]).toEqual([['ADDED b'], []])
  expect(ahead.ends).toEqual([
    fails({ code: 410, reason: 'Expired', message: 'unknown resource version: 3, the newest is 2' }),
  ])
})
