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
      fails({ code: 400, message: 'resourceVersion should not be set on objects to be created' }),
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

  test('gives a transform that changes nothing the shared object, others one of their own', async () => {
    const { registry } = await openTestRegistries()
    const { object: shared } = await registry(things).create(context, named('a'), inDefault)
    const given: unknown[] = []
    const transform = (current: KubeObject | undefined) => {
      given.push(current)
      return structuredClone(current!)
    }
    await registry(things).update(context, at('a'), { keepsCurrent: true, transform })
    await registry(things).update(context, at('a'), { transform })
    expect(given).toEqual([shared, shared])
    expect(given.map(object => object === shared)).toEqual([true, false])
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
