// The subresources with a kind of their own, one line each, by `group/resource/subresource`.
import { bindingEndpoint } from './binding.ts'
import type { SubresourceEndpoint, SubresourceLookup, SubresourceServices } from './endpoint.ts'
import { evictionEndpoint } from './eviction.ts'
import { scaleEndpoint } from './scale.ts'
import { tokenEndpoint } from './token.ts'

const endpoints = {
  '/pods/binding': bindingEndpoint,
  '/pods/eviction': evictionEndpoint,
  '/replicationcontrollers/scale': scaleEndpoint,
  '/serviceaccounts/token': tokenEndpoint,
  'apps/deployments/scale': scaleEndpoint,
  'apps/replicasets/scale': scaleEndpoint,
  'apps/statefulsets/scale': scaleEndpoint,
} as const

export function createSubresources(services: SubresourceServices): SubresourceLookup {
  const created = new Map<string, SubresourceEndpoint>(
    Object.entries(endpoints).map(([path, create]) => [path, create(services)]),
  )
  return ({ group, resource }, subresource) => created.get(`${group}/${resource}/${subresource}`)
}
