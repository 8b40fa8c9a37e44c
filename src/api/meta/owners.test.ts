import { expect, test } from 'vitest'
import { defineResource } from '../resource.ts'
import { controllerOf, controllerReference, isControlledBy } from './owners.ts'

const sets = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  resource: 'replicasets',
  namespaced: true,
})
const owner = { metadata: { name: 'web', namespace: 'ns', uid: 'u1' } }

test('controllerReference() makes the reference by which an object is known', () => {
  const reference = controllerReference(sets, owner)
  expect(reference).toEqual({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'web',
    uid: 'u1',
    controller: true,
    blockOwnerDeletion: true,
  })
  const pod = {
    metadata: { name: 'web-1', ownerReferences: [{ ...reference, uid: 'u0', controller: false }, reference] },
  }
  expect(controllerOf(pod)).toBe(reference)
  expect(isControlledBy(pod, owner)).toBe(true)
  expect(isControlledBy(pod, { metadata: { name: 'web', uid: 'u2' } })).toBe(false)
})

test('An owner that does not control is not the controller', () => {
  const reference = { ...controllerReference(sets, owner), controller: undefined }
  const pod = { metadata: { name: 'p', ownerReferences: [reference] } }
  expect(controllerOf(pod)).toBeUndefined()
  expect(isControlledBy(pod, owner)).toBe(false)
  expect(isControlledBy({ metadata: {} }, { metadata: {} })).toBe(false)
})
