import { expect, test } from 'vitest'
import { defineResource } from '../api/resource.ts'
import { createDiscovery } from './discovery.ts'

const resources = [
  defineResource({
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    resource: 'configmaps',
    namespaced: true,
    shortNames: ['cm'],
  }),
  defineResource({
    group: '',
    version: 'v1',
    kind: 'Binding',
    resource: 'bindings',
    namespaced: true,
    verbs: ['create'],
  }),
  defineResource({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    resource: 'deployments',
    namespaced: true,
    hasStatus: true,
    categories: ['all'],
    subresources: [
      {
        name: 'scale',
        kind: 'Scale',
        group: 'autoscaling',
        version: 'v1',
        verbs: ['get', 'update', 'patch'],
      },
    ],
  }),
  defineResource({ group: 'autoscaling', version: 'v2', kind: 'A', resource: 'as', namespaced: true }),
  defineResource({ group: 'autoscaling', version: 'v1', kind: 'A', resource: 'as', namespaced: true }),
]
const discovery = createDiscovery(resources)
const read = (document: { bytes: Buffer } | undefined) => JSON.parse(document!.bytes.toString()) as unknown
const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

test('/api names the version and where the server is', () => {
  expect(read(discovery.legacy('[fd00::1]:6443'))).toEqual({
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '[fd00::1]:6443' }],
  })
})

test('/apis lists the groups in order, with the preferred version first', () => {
  expect(read(discovery.groups())).toEqual({
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'apps',
        versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
      },
      {
        name: 'autoscaling',
        versions: [
          { groupVersion: 'autoscaling/v2', version: 'v2' },
          { groupVersion: 'autoscaling/v1', version: 'v1' },
        ],
        preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
      },
    ],
  })
  expect(read(discovery.group('apps'))).toMatchObject({ kind: 'APIGroup', apiVersion: 'v1', name: 'apps' })
  expect(discovery.group('nothing')).toBeUndefined()
})

test('/api/v1 lists resources by name', () => {
  expect(read(discovery.resources('', 'v1'))).toEqual({
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      { name: 'bindings', singularName: 'binding', namespaced: true, kind: 'Binding', verbs: ['create'] },
      {
        name: 'configmaps',
        singularName: 'configmap',
        namespaced: true,
        kind: 'ConfigMap',
        verbs: all,
        shortNames: ['cm'],
        storageVersionHash: 'qFsyl6wFWjQ=',
      },
    ],
  })
  expect(discovery.resources('', 'v2')).toBeUndefined()
})

test('/apis/apps/v1 lists subresources, and their kind when it is of another group', () => {
  expect(read(discovery.resources('apps', 'v1'))).toMatchObject({
    apiVersion: 'v1',
    groupVersion: 'apps/v1',
    resources: [
      { name: 'deployments', categories: ['all'] },
      {
        name: 'deployments/scale',
        singularName: '',
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      },
      { name: 'deployments/status', kind: 'Deployment', verbs: ['get', 'patch', 'update'] },
    ],
  })
})

test('Aggregated discovery has everything in one answer', () => {
  const apis = read(discovery.aggregated('apis', 'v2'))
  expect(apis).toMatchObject({
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    items: [{ metadata: { name: 'apps' } }, { metadata: { name: 'autoscaling' } }],
  })
  expect((apis as { items: { versions: unknown[] }[] }).items[0]?.versions).toEqual([
    {
      version: 'v1',
      freshness: 'Current',
      resources: [
        {
          resource: 'deployments',
          responseKind: { group: '', version: '', kind: 'Deployment' },
          scope: 'Namespaced',
          singularResource: 'deployment',
          verbs: all,
          categories: ['all'],
          subresources: [
            {
              subresource: 'scale',
              responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
              verbs: ['get', 'patch', 'update'],
            },
            {
              subresource: 'status',
              responseKind: { group: '', version: '', kind: 'Deployment' },
              verbs: ['get', 'patch', 'update'],
            },
          ],
        },
      ],
    },
  ])
  expect(read(discovery.aggregated('api', 'v2beta1'))).toMatchObject({
    apiVersion: 'apidiscovery.k8s.io/v2beta1',
    items: [{ metadata: { name: '' }, versions: [{ version: 'v1' }] }],
  })
})

test('An answer is encoded once and has a stable tag', () => {
  expect(discovery.groups()).toBe(discovery.groups())
  expect(createDiscovery(resources).groups().etag).toBe(discovery.groups().etag)
  expect(discovery.groups().etag).toMatch(/^"[0-9A-F]{128}"$/)
  expect(discovery.groups().etag).not.toBe(discovery.aggregated('apis', 'v2').etag)
})
