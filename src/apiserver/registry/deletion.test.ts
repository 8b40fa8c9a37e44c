import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { checkDeleteOptions, checkPreconditions, planDeletion } from './deletion.ts'
import { configMaps, namespaces, pods, type Thing, things } from './registries.fake.ts'
import type { DeleteOptions } from './registry.ts'

const nowMs = Date.UTC(2026, 0, 1, 12)
const object = (metadata: KubeObject['metadata'] = {}, more: object = {}): KubeObject => ({
  metadata: { name: 'a', uid: 'u', resourceVersion: '7', ...metadata },
  ...more,
})
const plan = (resource: typeof configMaps | typeof pods, from: KubeObject, options: DeleteOptions = {}) => {
  const result = planDeletion({ resource, object: from, options, nowMs })
  const { metadata } = 'object' in result ? result.object : { metadata: {} as KubeObject['metadata'] }
  return { type: result.type, finalizers: metadata.finalizers, seconds: metadata.deletionGracePeriodSeconds }
}

describe('finalizers for the garbage collector', () => {
  test.each<[DeleteOptions, string[] | undefined, string, string[] | undefined]>([
    [{}, undefined, 'delete', undefined],
    [{ propagationPolicy: 'Background' }, undefined, 'delete', undefined],
    [{ propagationPolicy: 'Foreground' }, undefined, 'mark', ['foregroundDeletion']],
    [{ propagationPolicy: 'Orphan' }, undefined, 'mark', ['orphan']],
    [{ orphanDependents: true }, ['a/b'], 'mark', ['a/b', 'orphan']],
    [{ orphanDependents: false }, ['orphan'], 'delete', undefined],
    [{ propagationPolicy: 'Background' }, ['foregroundDeletion'], 'delete', undefined],
    [{ propagationPolicy: 'Orphan' }, ['foregroundDeletion', 'a/b'], 'mark', ['a/b', 'orphan']],
    [{}, ['orphan'], 'mark', ['orphan']],
  ])('%j on %j: %s with %j', (options, finalizers, type, left) => {
    const from = object(finalizers ? { finalizers } : {})
    const { type: planned, finalizers: remaining } = plan(configMaps, from, options)
    expect([planned, planned === 'delete' ? undefined : remaining]).toEqual([type, left])
  })
})

describe('grace periods of Pods', () => {
  const running = { spec: { nodeName: 'n' }, status: { phase: 'Running' } }
  test.each<[string, object, DeleteOptions, string, number | undefined]>([
    ['runs', running, {}, 'mark', 30],
    ['runs', running, { gracePeriodSeconds: 5 }, 'mark', 5],
    ['runs', running, { gracePeriodSeconds: -7 }, 'mark', 1],
    ['runs', running, { gracePeriodSeconds: 0 }, 'mark-and-delete', 0],
    ['is on no node', { spec: {} }, {}, 'mark-and-delete', 0],
    ['has ended', { ...running, status: { phase: 'Failed' } }, {}, 'mark-and-delete', 0],
  ])('one that %s: %j %j %s %j', (_, more, options, type, seconds) => {
    expect(plan(pods, object({}, more), options)).toMatchObject({ type, seconds })
  })

  test('a finalizer outlasts a grace period of nothing', () => {
    const from = object({ finalizers: ['a/b'] }, running)
    expect(plan(pods, from, { gracePeriodSeconds: 0 }).type).toBe('mark')
  })
})

test('the generation counts the mark once', () => {
  const from = object({ generation: 3, finalizers: ['a/b'] })
  const first = planDeletion({ resource: things, object: from, options: {}, nowMs })
  expect(first).toMatchObject({ object: { metadata: { generation: 4, deletionGracePeriodSeconds: 0 } } })
  const again = planDeletion({ resource: things, object: from, options: {}, nowMs: nowMs + 5_000 })
  expect(again).toMatchObject({
    object: { metadata: { generation: 4, deletionTimestamp: '2026-01-01T12:00:00Z' } },
  })
})

test('a namespace is Terminating first, pending while it has finalizers, then goes', () => {
  const namespace = object({}, { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }) as Thing
  const first = planDeletion({ resource: namespaces, object: namespace, options: {}, nowMs })
  expect(first).toMatchObject({ type: 'mark', object: { status: { phase: 'Terminating' } } })
  expect(planDeletion({ resource: namespaces, object: namespace, options: {}, nowMs }).type).toBe('pending')
  namespace.spec = {}
  expect(planDeletion({ resource: namespaces, object: namespace, options: {}, nowMs }).type).toBe('delete')
})

test('preconditions and options that contradict are refused', () => {
  const check = (resource: typeof configMaps, preconditions: DeleteOptions['preconditions'] & object) => () =>
    checkPreconditions(resource, object(), { preconditions })
  expect(check(configMaps, { uid: 'u', resourceVersion: '7' })).not.toThrow()
  expect(check(configMaps, { resourceVersion: '3' })).toThrow(
    'Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the precondition (3) does not match ' +
      'the ResourceVersion in record (7). The object might have been modified',
  )
  expect(check(namespaces, { uid: 'no' })).toThrow(
    'Operation cannot be fulfilled on namespaces "a": Precondition failed: UID in precondition: no, UID in object ' +
      'meta: u',
  )
  expect(() => checkDeleteOptions({ propagationPolicy: 'Orphan', orphanDependents: true })).toThrow(
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and ' +
      'deletionPropagation cannot be both set',
  )
})
