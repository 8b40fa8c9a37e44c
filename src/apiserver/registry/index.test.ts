import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
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
import { Codec } from './stored.ts'

const inDefault = { namespace: 'default' }
const at = (name: string) => ({ namespace: 'default', name })
const fails = (error: { code: number; reason?: string; message?: string }) =>
  expect.objectContaining(error) as unknown

describe('create', () => {
  test('completes the metadata and answers the bytes with kind, apiVersion and resourceVersion', async () => {
    const { registry } = await openTestRegistries()
    const stored = await registry(configMaps).create(context, named('a', { data: { x: '1' } }), inDefault)
    const object = JSON.parse(stored.bytes.toString())
    expect(object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        name: 'a',
        namespace: 'default',
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: '2',
        creationTimestamp: '2026-01-01T12:00:00Z',
      },
      data: { x: '1' },
    })
    expect(stored.object).toEqual(object)
    expect(await registry(configMaps).get(context, 'default', 'a')).toBe(stored)
  })

  test('drops the status, sets the first generation and the defaults', async () => {
    const { registry } = await openTestRegistries()
    const thing = named('a', { status: { phase: 'Mine' } })
    const { object } = await registry(things).create(context, thing, inDefault)
    expect(object).toMatchObject({ metadata: { generation: 1 }, spec: { size: 1 } })
    expect((object as Thing).status).toBeUndefined()
  })

  test('refuses what is there, what belongs elsewhere, what is wrong', async () => {
    const { registry } = await openTestRegistries()
    const registered = registry(things)
    await registered.create(context, named('a'), inDefault)
    await expect(registered.create(context, named('a'), inDefault)).rejects.toEqual(
      fails({ code: 409, reason: 'AlreadyExists', message: 'things.apps "a" already exists' }),
    )
    const elsewhere: KubeObject = { metadata: { name: 'b', namespace: 'other' } }
    await expect(registered.create(context, elsewhere, inDefault)).rejects.toEqual(
      fails({
        code: 400,
        message: 'the namespace of the provided object does not match the namespace sent on the request',
      }),
    )
    await expect(registered.create(context, named('b', { spec: { size: -1 } }), inDefault)).rejects.toEqual(
      fails({
        code: 422,
        message: 'Thing.apps "b" is invalid: spec.size: Invalid value: -1: must be positive',
      }),
    )
    const versioned: KubeObject = { metadata: { name: 'b', resourceVersion: '7' } }
    await expect(registered.create(context, versioned, inDefault)).rejects.toEqual(
      fails({ code: 500, message: 'resourceVersion should not be set on objects to be created' }),
    )
  })

  test('makes names from generateName', async () => {
    const { registry } = await openTestRegistries()
    const generated = (): KubeObject => ({ metadata: { generateName: 'web-' } })
    const one = await registry(configMaps).create(context, generated(), inDefault)
    const two = await registry(configMaps).create(context, generated(), inDefault)
    expect(one.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(two.name).not.toBe(one.name)
  })

  test('with dryRun writes nothing and answers no resourceVersion', async () => {
    const { registry, store } = await openTestRegistries()
    const stored = await registry(configMaps).create(context, named('a'), { ...inDefault, dryRun: true })
    expect(stored.object.metadata.name).toBe('a')
    expect(stored.object.metadata.resourceVersion).toBeUndefined()
    expect(await store.revision()).toBe(1)
    await registry(configMaps).create(context, named('a'), inDefault)
    await expect(
      registry(configMaps).create(context, named('a'), { ...inDefault, dryRun: true }),
    ).rejects.toEqual(fails({ code: 409 }))
  })
})

describe('update', () => {
  const set = (name: string, more: Record<string, unknown>, resourceVersion?: string) => ({
    transform: (): KubeObject => ({
      metadata: { name, ...(resourceVersion && { resourceVersion }) },
      ...more,
    }),
  })

  test('writes what changed, keeps status and identity, and counts generations', async () => {
    const { registry } = await openTestRegistries()
    const created = await registry(things).create(context, named('a'), inDefault)
    await registry(things).update(context, at('a'), {
      subresource: 'status',
      transform: current => ({ ...current!, spec: { size: 9 }, status: { phase: 'Ready' } }),
    })
    const { stored } = await registry(things).update(context, at('a'), set('a', { spec: { size: 2 } }))
    expect(stored.object).toMatchObject({
      metadata: { uid: created.uid, generation: 2, resourceVersion: '4' },
      spec: { size: 2 },
      status: { phase: 'Ready' },
    })
  })

  test('that changes nothing writes nothing', async () => {
    const { registry, store } = await openTestRegistries()
    const created = await registry(things).create(context, named('a', { spec: { size: 3 } }), inDefault)
    const result = await registry(things).update(context, at('a'), set('a', { spec: { size: 3 } }))
    expect(result.stored).toBe(created)
    expect(await store.revision()).toBe(2)
  })

  test('with an old resourceVersion is a conflict', async () => {
    const { registry } = await openTestRegistries()
    await registry(configMaps).create(context, named('a'), inDefault)
    const updating = registry(configMaps).update(context, at('a'), set('a', { data: {} }, '1'))
    await expect(updating).rejects.toEqual(
      fails({
        code: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your ' +
          'changes to the latest version and try again',
      }),
    )
  })

  test('at the same time as others loses nothing', async () => {
    const { registry } = await openTestRegistries()
    await registry(configMaps).create(context, named('a', { data: {} }), inDefault)
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        registry(configMaps).update(context, at('a'), {
          isPatch: true,
          transform: async current => {
            await nextTurn()
            return { ...current!, data: { ...(current as Thing).data, [`k${index}`]: 'x' } }
          },
        }),
      ),
    )
    const { object } = await registry(configMaps).get(context, 'default', 'a')
    expect(Object.keys((object as Thing).data!)).toHaveLength(20)
  })

  test('of what is not there is NotFound', async () => {
    const { registry } = await openTestRegistries()
    await expect(registry(configMaps).update(context, at('a'), set('a', {}))).rejects.toEqual(
      fails({ code: 404, message: 'configmaps "a" not found' }),
    )
  })
})

describe('delete', () => {
  test('removes at once, or waits for finalizers and ends with the last of them', async () => {
    const { registry } = await openTestRegistries()
    const registered = registry(configMaps)
    await registered.create(context, named('a'), inDefault)
    expect(await registered.delete(context, at('a'), {})).toMatchObject({ finished: true })
    await expect(registered.get(context, 'default', 'a')).rejects.toEqual(fails({ code: 404 }))

    await registered.create(context, { metadata: { name: 'b', finalizers: ['example.com/x'] } }, inDefault)
    const deletion = await registered.delete(context, at('b'), {})
    expect(deletion.finished).toBe(false)
    expect(deletion.stored.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T12:00:00Z',
      deletionGracePeriodSeconds: 0,
    })
    const again = await registered.delete(context, at('b'), {})
    expect(again.stored.object.metadata.resourceVersion).toBe(deletion.stored.object.metadata.resourceVersion)
    await registered.update(context, at('b'), {
      transform: current => ({ ...current!, metadata: { ...current!.metadata, finalizers: [] } }),
    })
    await expect(registered.get(context, 'default', 'b')).rejects.toEqual(fails({ code: 404 }))
  })

  test('of a Pod on a node marks it, and only a shorter period changes that', async () => {
    const { registry } = await openTestRegistries()
    const registered = registry(pods)
    await registered.create(context, named('a', { spec: { nodeName: 'n' } }), inDefault)
    const first = await registered.delete(context, at('a'), {})
    expect(first).toMatchObject({ finished: false })
    expect(first.stored.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T12:00:30Z',
      deletionGracePeriodSeconds: 30,
    })
    const longer = await registered.delete(context, at('a'), { gracePeriodSeconds: 60 })
    expect(longer.stored.object.metadata.deletionGracePeriodSeconds).toBe(30)
    const shorter = await registered.delete(context, at('a'), { gracePeriodSeconds: 5 })
    expect(shorter.stored.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T12:00:05Z',
      deletionGracePeriodSeconds: 5,
    })
    const watching = await startWatch(registered, {
      resourceVersion: shorter.stored.object.metadata.resourceVersion!,
    })
    expect(await registered.delete(context, at('a'), { gracePeriodSeconds: 0 })).toMatchObject({
      finished: true,
    })
    await nextTurn()
    expect(watching.seen()).toEqual(['MODIFIED a', 'DELETED a'])
  })

  test('checks its preconditions', async () => {
    const { registry } = await openTestRegistries()
    const { uid } = await registry(configMaps).create(context, named('a'), inDefault)
    const wrong = { preconditions: { uid: 'other' } }
    await expect(registry(configMaps).delete(context, at('a'), wrong)).rejects.toEqual(
      fails({
        code: 409,
        message:
          `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the ` +
          `UID in record (${uid}). The object might have been deleted and then recreated`,
      }),
    )
    await registry(configMaps).delete(context, at('a'), { preconditions: { uid } })
  })

  test('with a propagation policy leaves the finalizer for the garbage collector', async () => {
    const { registry } = await openTestRegistries()
    await registry(things).create(context, named('a'), inDefault)
    const { stored, finished } = await registry(things).delete(context, at('a'), {
      propagationPolicy: 'Foreground',
    })
    expect(finished).toBe(false)
    expect(stored.object.metadata).toMatchObject({ finalizers: ['foregroundDeletion'], generation: 2 })
  })

  test('of a collection removes what the selector chooses', async () => {
    const { registry } = await openTestRegistries()
    const registered = registry(configMaps)
    for (const name of ['a', 'b', 'c']) {
      const labels = { keep: name === 'b' ? 'yes' : 'no' }
      await registered.create(context, { metadata: { name, labels } }, inDefault)
    }
    const gone = await registered.deleteCollection(context, {
      ...inDefault,
      labelSelector: 'keep=no',
      delete: {},
    })
    expect(gone.items.map(item => item.name)).toEqual(['a', 'c'])
    expect((await registered.list(context, inDefault)).items.map(item => item.name)).toEqual(['b'])
  })
})

describe('list and watch', () => {
  test('lists in the order of keys, and what selectors choose', async () => {
    const { registry } = await openTestRegistries()
    const registered = registry(things)
    const create = (namespace: string, name: string, node: string) =>
      registered.create(context, { ...named(name), spec: { node } } as KubeObject, { namespace })
    await create('a', 'z', 'n1')
    await create('a-b', 'y', 'n2')
    await create('a', 'b', 'n2')
    const names = async (options: object) => (await registered.list(context, options)).items.map(i => i.name)
    expect(await names({})).toEqual(['y', 'b', 'z'])
    expect(await names({ namespace: 'a' })).toEqual(['b', 'z'])
    expect(await names({ fieldSelector: 'spec.node=n2' })).toEqual(['y', 'b'])
    expect(await names({ fieldSelector: 'metadata.name=z' })).toEqual(['z'])
    await expect(names({ fieldSelector: 'spec.foo=1' })).rejects.toEqual(
      fails({ code: 400, message: 'field label not supported: spec.foo' }),
    )
  })

  test('pages show one state, whatever is written meanwhile', async () => {
    const { registry } = await openTestRegistries()
    const registered = registry(configMaps)
    for (const name of ['a', 'b', 'c', 'd', 'e']) await registered.create(context, named(name), inDefault)
    const first = await registered.list(context, { limit: 2 })
    expect(first).toMatchObject({ resourceVersion: '6', remainingItemCount: 3 })
    await registered.delete(context, at('d'), {})
    await registered.create(context, named('bb'), inDefault)
    const second = await registered.list(context, { limit: 2, continue: first.continue! })
    expect(second.items.map(item => item.name)).toEqual(['c', 'd'])
    expect(second).toMatchObject({ resourceVersion: '6', remainingItemCount: 1 })
    const third = await registered.list(context, { limit: 2, continue: second.continue! })
    expect(third.items.map(item => item.name)).toEqual(['e'])
    expect(third.continue).toBeUndefined()
  })

  test('a page of a forgotten state is Expired and offers to go on with the newest', async () => {
    const { registry, store } = await openTestRegistries()
    const registered = registry(configMaps)
    for (const name of ['a', 'b', 'c']) await registered.create(context, named(name), inDefault)
    const first = await registered.list(context, { limit: 1 })
    await registered.delete(context, at('b'), {})
    await store.compact(await store.revision())
    const expired = await registered.list(context, { continue: first.continue! }).catch(error => error)
    expect(expired).toMatchObject({ code: 410, reason: 'Expired' })
    const rest = await registered.list(context, { continue: expired.continue })
    expect(rest.items.map(item => item.name)).toEqual(['c'])
  })

  test('a list at a revision of the future times out', async () => {
    const { registry, clock } = await openTestRegistries()
    const listing = registry(configMaps).list(context, { resourceVersion: '99' })
    listing.catch(() => undefined)
    await nextTurn()
    await clock.advance(4_000)
    await expect(listing).rejects.toEqual(
      fails({ code: 504, reason: 'Timeout', message: 'Timeout: Too large resource version: 99, current: 1' }),
    )
  })

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
})
