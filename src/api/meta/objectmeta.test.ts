import { describe, expect, test } from 'vitest'
import type { ObjectMeta } from '../generated/types.ts'
import {
  immutable,
  sameValue,
  validateLabelSelector,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './objectmeta.ts'

const rules = { namespaced: true, nameRule: 'dns1123Subdomain' } as const
const summary = (meta: ObjectMeta) =>
  validateObjectMeta({ name: 'a', namespace: 'ns', ...meta }, rules).map(({ field, message }) =>
    `${field}: ${message}`.slice(0, 90),
  )

describe('validateObjectMeta', () => {
  test('ordinary metadata passes', () => {
    const meta = {
      labels: { app: 'web', 'example.com/tier': '' },
      annotations: { 'Example.com/Note': 'anything at all' },
      finalizers: ['example.com/hold'],
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'u', controller: true }],
    }
    expect(summary(meta)).toEqual([])
  })

  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }
  const refused: [string, ObjectMeta, string[]][] = [
    ['a missing name', { name: '' }, ['metadata.name: Required value: name or generateName is required']],
    ['a missing namespace', { namespace: '' }, ['metadata.namespace: Required value']],
    [
      'a negative generation',
      { generation: -1 },
      ['metadata.generation: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'a wrong label value',
      { labels: { a: '-' } },
      ['metadata.labels: Invalid value: "-": a valid label must be an empty string or consist of a'],
    ],
    [
      'too many annotations',
      { annotations: { a: 'x'.repeat(256 * 1024) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      'an incomplete owner',
      { ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
      [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      ],
    ],
    [
      'contradicting finalizers',
      { finalizers: ['orphan', 'foregroundDeletion'] },
      ['metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer foregroundD'],
    ],
  ]
  for (const [name, meta, errors] of refused) {
    test(`${name} is refused`, () => expect(summary(meta)).toEqual(errors))
  }

  test('only one owner may be the controller', () => {
    const errors = validateObjectMeta(
      { name: 'a', namespace: 'n', ownerReferences: [owner, { ...owner, name: 'q' }] },
      rules,
    )
    expect(errors[0]?.message).toMatch(/Found "true" in references for Pod\/p and Pod\/q$/)
  })

  test('a cluster-scoped object may not name a namespace', () => {
    expect(validateObjectMeta({ name: 'a', namespace: 'b' }, { ...rules, namespaced: false })).toEqual([
      {
        reason: 'FieldValueForbidden',
        field: 'metadata.namespace',
        message: 'Forbidden: not allowed on this type',
      },
    ])
  })
})

describe('validateObjectMetaUpdate', () => {
  const previous = {
    name: 'a',
    namespace: 'n',
    uid: 'u',
    creationTimestamp: 't',
    resourceVersion: '1',
    generation: 2,
  }
  const check = (change: ObjectMeta, before: ObjectMeta = {}) =>
    validateObjectMetaUpdate({ ...previous, ...change }, { ...previous, ...before }).map(
      ({ field, message }) => `${field}: ${message}`,
    )

  test('nothing changed passes', () => expect(check({})).toEqual([]))
  test('what never changes is refused', () => {
    expect(check({ uid: 'v', name: 'b' })).toEqual([
      'metadata.name: Invalid value: "b": field is immutable',
      'metadata.uid: Invalid value: "v": field is immutable',
    ])
  })
  test('a missing resourceVersion and a lower generation are refused', () => {
    expect(check({ resourceVersion: '', generation: 1 })).toEqual([
      'metadata.resourceVersion: Invalid value: "": must be specified for an update',
      'metadata.generation: Invalid value: 1: must not be decremented',
    ])
  })
  test('a finalizer cannot join a dying object', () => {
    const dying = { deletionTimestamp: 't', finalizers: ['a/b'] }
    expect(check({ ...dying, finalizers: ['a/b', 'c/d'] }, dying)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, ' +
        'found new finalizers []string{"c/d"}',
    ])
  })
})

describe('the shared checks', () => {
  test('a selector is checked requirement by requirement', () => {
    const selector = {
      matchExpressions: [
        { key: 'a', operator: 'In' },
        { key: 'b', operator: 'Exists', values: ['x'] },
        { key: 'c', operator: 'Is' },
      ],
    }
    expect(validateLabelSelector(selector, 'spec.selector').map(error => error.field)).toEqual([
      'spec.selector.matchExpressions[0].values',
      'spec.selector.matchExpressions[1].values',
      'spec.selector.matchExpressions[2].operator',
    ])
  })

  test('absent and empty lists are the same value', () => {
    expect(sameValue({ a: 1, b: [] }, { a: 1 })).toBe(true)
    expect(sameValue({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true)
    expect(sameValue({ a: 1 }, { a: 1, b: false })).toBe(false)
    expect(sameValue([1], { 0: 1 })).toBe(false)
  })

  test('what is immutable names the field', () => {
    expect(immutable('b', 'a', 'spec.x')).toEqual([
      { reason: 'FieldValueInvalid', field: 'spec.x', message: 'Invalid value: "b": field is immutable' },
    ])
    expect(immutable([], undefined, 'spec.x')).toEqual([])
  })
})
