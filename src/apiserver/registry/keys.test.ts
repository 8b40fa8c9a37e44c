import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { resourcesByPrefix, storageKey, storagePrefix } from './keys.ts'

const prefix = (group: string, resource: string) => storagePrefix({ group, resource })

test('objects live where upstream puts them in etcd', () => {
  expect(prefix('', 'pods')).toBe('/registry/pods/')
  expect(prefix('', 'services')).toBe('/registry/services/specs/')
  expect(prefix('', 'endpoints')).toBe('/registry/services/endpoints/')
  expect(prefix('', 'nodes')).toBe('/registry/minions/')
  expect(prefix('', 'replicationcontrollers')).toBe('/registry/controllers/')
  expect(prefix('apps', 'deployments')).toBe('/registry/deployments/')
  expect(prefix('networking.k8s.io', 'ingresses')).toBe('/registry/ingress/')
  expect(prefix('apiextensions.k8s.io', 'customresourcedefinitions')).toBe(
    '/registry/apiextensions.k8s.io/customresourcedefinitions/',
  )
  expect(prefix('example.com', 'widgets')).toBe('/registry/example.com/widgets/')
  expect(prefix('gateway.networking.k8s.io', 'gateways')).toBe(
    '/registry/gateway.networking.k8s.io/gateways/',
  )
  expect(prefix('flowcontrol.apiserver.k8s.io', 'flowschemas')).toBe('/registry/flowschemas/')
})

test('a second face has the place of the first', () => {
  const same = (object: KubeObject) => object
  const storedAs = { group: '', version: 'v1', resource: 'events', toStored: same, fromStored: same }
  expect(storagePrefix({ group: 'events.k8s.io', resource: 'events', storedAs })).toBe('/registry/events/')
})

test('namespaced and cluster-scoped keys', () => {
  expect(storageKey({ group: '', resource: 'pods' }, 'default', 'web')).toBe('/registry/pods/default/web')
  expect(storageKey({ group: '', resource: 'nodes' }, '', 'n1')).toBe('/registry/minions/n1')
})

test('a key says whose it is', () => {
  const resourceOf = resourcesByPrefix([
    { group: '', resource: 'services' },
    { group: '', resource: 'pods' },
    { group: 'example.com', resource: 'widgets' },
  ])
  expect(resourceOf('/registry/services/specs/default/web')).toEqual({ group: '', resource: 'services' })
  expect(resourceOf('/registry/pods/default/web')).toEqual({ group: '', resource: 'pods' })
  expect(resourceOf('/registry/example.com/widgets/a')).toEqual({ group: 'example.com', resource: 'widgets' })
  expect(resourceOf('/registry/ranges/servicenodeports/30000')).toBeUndefined()
  expect(resourceOf('pods')).toBeUndefined()
})
