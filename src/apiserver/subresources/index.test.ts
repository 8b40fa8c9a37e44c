import { expect, test } from 'vitest'
import { defineResource } from '../../api/resource.ts'
import { things } from '../registry/registries.fake.ts'
import { subresourceStrategy } from './strategy.ts'

const namespaces = defineResource({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  namespaced: false,
})
const pods = defineResource({ group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true })

test('the resource itself keeps the status, the status subresource all else', () => {
  const previous = { metadata: { name: 'a' }, spec: { size: 1 }, status: { phase: 'Ready' } }
  const sent = { metadata: { name: 'a' }, spec: { size: 2 }, status: { phase: 'Lost' }, data: {} }
  const main = structuredClone(sent)
  subresourceStrategy(things, '').prepare(main, previous)
  expect(main).toEqual({ ...sent, status: { phase: 'Ready' } })
  const status = structuredClone(sent)
  subresourceStrategy(things, 'status').prepare(status, previous)
  expect(status).toEqual({ ...previous, status: { phase: 'Lost' } })
})

test('finalize changes nothing but the finalizers of the specification', () => {
  const previous = {
    metadata: { name: 'a' },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }
  const object = { metadata: { name: 'a' }, spec: { finalizers: [] }, status: { phase: 'Mine' } }
  subresourceStrategy(namespaces, 'finalize').prepare(object, previous)
  expect(object).toEqual({ metadata: { name: 'a' }, spec: {}, status: { phase: 'Active' } })
})

test('ephemeral containers are added, and never changed or removed', () => {
  const strategy = subresourceStrategy(pods, 'ephemeralcontainers')
  const previous = { metadata: { name: 'a' }, spec: { nodeName: 'n', ephemeralContainers: [{ name: 'x' }] } }
  const sent = (...names: string[]) => ({
    metadata: { name: 'a' },
    spec: { nodeName: 'other', ephemeralContainers: names.map(name => ({ name })) },
  })
  const more = sent('x', 'y')
  strategy.prepare(more, previous)
  expect(more.spec).toEqual({ nodeName: 'n', ephemeralContainers: [{ name: 'x' }, { name: 'y' }] })
  expect(strategy.validate(more, previous)).toEqual([])
  expect(strategy.validate(sent('y'), previous)).toMatchObject([
    { field: 'spec.ephemeralContainers', reason: 'FieldValueForbidden' },
  ])
})

test('resize changes resources only', () => {
  const strategy = subresourceStrategy(pods, 'resize')
  const pod = (image: string, cpu: string) => ({
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'c', image, resources: { limits: { cpu } } }] },
  })
  expect(strategy.validate(pod('i', '2'), pod('i', '1'))).toEqual([])
  expect(strategy.validate(pod('j', '2'), pod('i', '1'))).toMatchObject([{ field: 'spec' }])
})

test('an unknown subresource is NotFound', () => {
  expect(() => subresourceStrategy(pods, 'nonsense')).toThrow('pods "nonsense" not found')
})
