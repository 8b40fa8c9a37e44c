// Faces of the API that older servers have, brought to the shape of today's: EndpointSlices were v1beta1
// before 1.21 and said where an endpoint is in `topology` (KEP-752), ServiceCIDRs before 1.33 (KEP-1880).
import type { EndpointSlice } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import { apiVersionOf } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'

export const olderVersion = <T extends KubeObject>(resource: Resource<T>, version: string): Resource<T> => ({
  ...resource,
  version,
  apiVersion: apiVersionOf({ group: resource.group, version }),
})

type OlderEndpoint = NonNullable<EndpointSlice['endpoints']>[number] & {
  readonly topology?: Readonly<Record<string, string>>
}

export function withTopologyAsFields(slice: EndpointSlice): EndpointSlice {
  const endpoints = (slice.endpoints as readonly OlderEndpoint[] | undefined)?.map(
    ({ topology, ...endpoint }) => ({
      ...endpoint,
      nodeName: endpoint.nodeName ?? topology?.['kubernetes.io/hostname'],
      zone: endpoint.zone ?? topology?.['topology.kubernetes.io/zone'],
    }),
  )
  return { ...slice, endpoints: endpoints ?? [] }
}
