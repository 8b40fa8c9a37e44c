// ResourceClaim: a request for devices (KEP-4381).
import type { DeviceClaim, ResourceV1ResourceClaim } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { immutable } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

export function defaultDevices(devices: DeviceClaim | undefined): void {
  for (const { exactly, firstAvailable } of devices?.requests ?? []) {
    for (const request of [...(exactly ? [exactly] : []), ...(firstAvailable ?? [])]) {
      request.allocationMode ||= 'ExactCount'
      if (request.allocationMode === 'ExactCount') request.count ||= 1
    }
  }
}

function formatState({ metadata, status }: ResourceV1ResourceClaim): string {
  const states: string[] = []
  if (metadata.deletionTimestamp) states.push('deleted')
  if (status?.allocation) states.push('allocated')
  else if (states.length === 0) states.push('pending')
  if (status?.reservedFor?.length) states.push('reserved')
  return states.join(',')
}

export const resourceClaims = defineResource<ResourceV1ResourceClaim>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  resource: 'resourceclaims',
  namespaced: true,
  hasStatus: true,
  columns: [nameColumn, column('State', formatState), ageColumn],
  default: ({ spec }) => defaultDevices(spec?.devices),
  validateUpdate: ({ spec }, previous) => immutable(spec, previous.spec, 'spec'),
})
