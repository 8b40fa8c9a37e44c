import { expect, test } from 'vitest'
import type { Namespace } from '../../generated/types.ts'
import { namespaces } from './namespace.ts'

const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

test('a new namespace is active, holds itself and bears its name as a label', () => {
  const namespace: Namespace = { metadata: { name: 'web' }, status: { phase: 'Terminating' } }
  namespaces.default!(namespace)
  namespaces.prepareForCreate!(namespace)
  expect(namespace).toEqual({
    metadata: { name: 'web', labels: { 'kubernetes.io/metadata.name': 'web' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
})

test('an update leaves the finalizers', () => {
  const previous: Namespace = { metadata: {}, spec: { finalizers: ['kubernetes'] } }
  const namespace: Namespace = { metadata: {}, spec: {} }
  namespaces.prepareForUpdate!(namespace, previous)
  expect(namespace.spec).toEqual({ finalizers: ['kubernetes'] })
})

test('its finalizers have a domain', () => {
  const spec = { finalizers: ['kubernetes', 'example.com/x', 'x'] }
  expect(texts(namespaces.validate!({ metadata: {}, spec }))).toEqual([
    'spec.finalizers: Invalid value: "x": name is neither a standard finalizer name ' +
      'nor is it fully qualified',
  ])
})

test('the phase tells whether it is going', () => {
  const errors = (phase: string, deletionTimestamp?: string) => {
    const namespace: Namespace = { metadata: { name: 'a', deletionTimestamp }, status: { phase } }
    return texts(namespaces.validateStatusUpdate!(namespace, namespace))
  }
  expect(errors('Active')).toEqual([])
  expect(errors('Terminating', 't')).toEqual([])
  expect(errors('Terminating')).toEqual([
    'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
  ])
  expect(errors('Active', 't')).toEqual([
    'status.Phase: Invalid value: "Active": may only be \'Terminating\' if `deletionTimestamp` is not empty',
  ])
})
