import { expect, test } from 'vitest'
import type { Pod, PodSpec } from '../../api/generated/types.ts'
import { defineResource } from '../../api/resource.ts'
import { pods } from '../../api/resources/core/pod.ts'
import { things } from '../registry/registries.fake.ts'
import { subresourceStrategy } from './strategy.ts'

const namespaces = defineResource({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  namespaced: false,
})

test('the resource itself keeps the status, the status subresource all else', () => {
  const previous = { metadata: { name: 'a' }, spec: { size: 1 }, status: { phase: 'Ready' } }
  const sent = { metadata: { name: 'a' }, spec: { size: 2 }, status: { phase: 'Lost' }, data: {} }
  const main = structuredClone(sent)
  subresourceStrategy(things, '').prepare(main, previous, 0)
  expect(main).toEqual({ ...sent, status: { phase: 'Ready' } })
  const status = structuredClone(sent)
  subresourceStrategy(things, 'status').prepare(status, previous, 0)
  expect(status).toEqual({ ...previous, status: { phase: 'Lost' } })
})

test('finalize changes nothing but the finalizers of the specification', () => {
  const previous = {
    metadata: { name: 'a' },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }
  const object = { metadata: { name: 'a' }, spec: { finalizers: [] }, status: { phase: 'Mine' } }
  subresourceStrategy(namespaces, 'finalize').prepare(object, previous, 0)
  expect(object).toEqual({ metadata: { name: 'a' }, spec: {}, status: { phase: 'Active' } })
})

function podWith(spec: Partial<PodSpec>): Pod {
  const pod: Pod = {
    metadata: { name: 'a', namespace: 'n' },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  }
  pods.default!(pod)
  return pod
}

test('ephemeral containers are added, and never changed or removed', () => {
  const strategy = subresourceStrategy(pods, 'ephemeralcontainers')
  const sent = (...names: string[]) =>
    podWith({ nodeName: 'other', ephemeralContainers: names.map(name => ({ name, image: 'i' })) })
  const previous = { ...sent('x'), spec: { ...sent('x').spec!, nodeName: 'n' } }
  const more = sent('x', 'y')
  strategy.prepare(more, previous, 0)
  expect(more.spec?.nodeName).toBe('n')
  expect(more.spec?.ephemeralContainers?.map(({ name }) => name)).toEqual(['x', 'y'])
  expect(strategy.validate(more, previous)).toEqual([])
  expect(strategy.validate(sent('y'), previous)).toMatchObject([
    { field: 'spec.ephemeralContainers', reason: 'FieldValueForbidden' },
  ])
})

test('resize changes resources only', () => {
  const strategy = subresourceStrategy(pods, 'resize')
  const pod = (image: string, cpu: string) =>
    podWith({ containers: [{ name: 'c', image, resources: { limits: { cpu } } }] })
  expect(strategy.validate(pod('i', '2'), pod('i', '1'))).toEqual([])
  expect(strategy.validate(pod('j', '2'), pod('i', '1'))).toMatchObject([{ field: 'spec' }])
  const other = pod('j', '2')
  strategy.prepare(other, pod('i', '1'), 0)
  expect(other).toEqual({ ...pod('i', '2'), metadata: { ...other.metadata } })
})

test('an unknown subresource is NotFound', () => {
  expect(() => subresourceStrategy(pods, 'nonsense')).toThrow('pods "nonsense" not found')
})
