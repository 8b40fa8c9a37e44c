// The IPAddress object that goes with a Service's address (KEP-1880).
import { randomUUID } from 'node:crypto'
import type { IPAddress } from '../../api/generated/types.ts'
import { formatTime } from '../../api/meta/timestamps.ts'
import { formatAddress, parseLenientAddress } from '../../ip/address.ts'
import { familyOf } from '../../ip/family.ts'

export const familyLabel = 'ipaddress.kubernetes.io/ip-family'
export const managedByLabel = 'ipaddress.kubernetes.io/managed-by'
export const managerName = 'ipallocator.k8s.io'

export interface ServiceReference {
  readonly namespace: string
  readonly name: string
}

/** The IPAddress's name for an address as a Service may spell it; undefined for what is none. */
export function addressName(address: string): string | undefined {
  const parsed = parseLenientAddress(address)
  return parsed && formatAddress(parsed)
}

export function ipAddressFor(name: string, service: ServiceReference, nowMs: number): IPAddress {
  return {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name,
      uid: randomUUID(),
      creationTimestamp: formatTime(nowMs),
      labels: { [familyLabel]: familyOf(name)!, [managedByLabel]: managerName },
    },
    spec: { parentRef: { resource: 'services', namespace: service.namespace, name: service.name } },
  }
}
