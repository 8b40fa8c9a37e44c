// The resources that the controllers work with.
import type { Deployment, EndpointSlice, Endpoints, ReplicaSet } from '../api/generated/types.ts'
import { defineResource } from '../api/resource.ts'

export { leases } from '../api/resources/coordination.k8s.io/lease.ts'
export { configMaps } from '../api/resources/core/configmap.ts'
export { namespaces } from '../api/resources/core/namespace.ts'
export { nodes } from '../api/resources/core/node.ts'
export { pods } from '../api/resources/core/pod.ts'
export { services } from '../api/resources/core/service.ts'
export { serviceAccounts } from '../api/resources/core/serviceaccount.ts'

const apps = { group: 'apps', version: 'v1', namespaced: true, hasStatus: true }
const core = { group: '', version: 'v1', namespaced: true, hasStatus: true }
export const deployments = defineResource<Deployment>({
  ...apps,
  kind: 'Deployment',
  resource: 'deployments',
})
export const replicaSets = defineResource<ReplicaSet>({
  ...apps,
  kind: 'ReplicaSet',
  resource: 'replicasets',
})
export const endpoints = defineResource<Endpoints>({ ...core, kind: 'Endpoints', resource: 'endpoints' })
export const endpointSlices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  namespaced: true,
  kind: 'EndpointSlice',
  resource: 'endpointslices',
})
