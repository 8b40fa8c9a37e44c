import { expect, test } from 'vitest'
import { defineResource, pathOf } from './resource.ts'

const slices = defineResource({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  namespaced: true,
})
const nodes = defineResource({ group: '', version: 'v1', kind: 'Node', resource: 'nodes', namespaced: false })

test('defineResource() fills in what follows from the rest', () => {
  expect(slices.apiVersion).toBe('discovery.k8s.io/v1')
  expect(slices.listKind).toBe('EndpointSliceList')
  expect(slices.singular).toBe('endpointslice')
  expect(slices.verbs).toContain('deletecollection')
  expect(nodes.apiVersion).toBe('v1')
})

test('pathOf() gives the URL path of an object, a collection and a subresource', () => {
  expect(pathOf(slices, 'default', 'web-abcde')).toBe(
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/web-abcde',
  )
  expect(pathOf(slices)).toBe('/apis/discovery.k8s.io/v1/endpointslices')
  expect(pathOf(nodes, undefined, 'node1', 'status')).toBe('/api/v1/nodes/node1/status')
  expect(pathOf(nodes, 'ignored', 'node1')).toBe('/api/v1/nodes/node1')
})
