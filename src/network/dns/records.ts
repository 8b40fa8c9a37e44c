// Services and EndpointSlices as DNS records, by the specification "Kubernetes DNS-Based Service Discovery"
// (kubernetes/dns, docs/specification.md), with each address in the record type of its family.
import type { EndpointSlice, Service } from '../../api/generated/types.ts'
import { familyOf, type IPFamily } from '../../ip/family.ts'
import type { DNSRecord } from './message.ts'
import { type DNSContext, recordTTL, serviceKeyIndex } from './plugin.ts'

const addressTypes: Readonly<Record<IPFamily, string>> = { IPv4: 'A', IPv6: 'AAAA' }

export const isAddressType = (type: string): boolean => Object.values(addressTypes).includes(type)

/** One record for each address that has a family. */
export const addressRecords = (name: string, addresses: readonly string[]): DNSRecord[] =>
  addresses.flatMap(address => {
    const family = familyOf(address)
    return family ? [{ name, type: addressTypes[family], ttl: recordTTL, data: address }] : []
  })

export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIPs?.[0] === 'None'

/** The ClusterIPs; none for a headless Service. */
export const clusterAddresses = ({ spec }: Service): readonly string[] =>
  (spec?.clusterIPs ?? []).filter(address => familyOf(address) !== undefined)

export const serviceName = (service: Service, domain: string): string =>
  `${service.metadata.name}.${service.metadata.namespace}.svc.${domain}`

export interface HostPort {
  readonly name: string
  readonly protocol: string
  readonly port: number
}

/** A ready endpoint of a Service: its own name below the Service's, its addresses and ports. */
export interface Host {
  readonly hostname: string
  readonly addresses: readonly string[]
  readonly ports: readonly HostPort[]
}

/** `10-244-0-7`, `fd00-10-244--7`: the name of an endpoint that has none. */
export const dashed = (address: string): string => address.replace(/[.:]/g, '-')

function hostsOfSlice({ addressType = '', endpoints, ports }: EndpointSlice): Host[] {
  if (!(addressType in addressTypes)) return []
  const readable = (ports ?? []).flatMap(({ name = '', protocol = 'TCP', port }) =>
    port === undefined ? [] : [{ name, protocol, port }],
  )
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) => {
      const [first = ''] = addresses
      return [{ hostname: (hostname || dashed(first)).toLowerCase(), addresses, ports: readable }]
    })
}

/** The ready endpoints of a Service, in all families. */
export const hostsOf = (service: Service, { endpointSlices }: DNSContext): Host[] =>
  endpointSlices
    .byIndex(serviceKeyIndex, `${service.metadata.namespace}/${service.metadata.name}`)
    .flatMap(hostsOfSlice)

/** The addresses of all, each once. */
export const addressesOf = (hosts: readonly Host[]): string[] => [
  ...new Set(hosts.flatMap(({ addresses }) => addresses)),
]

export interface Target {
  readonly name: string
  readonly port: number
}

/** Each target once, all with the same share. */
export function serviceRecords(name: string, targets: readonly Target[]): DNSRecord[] {
  const unique = new Map(targets.map(target => [`${target.port} ${target.name}`, target]))
  const weight = Math.max(1, Math.floor(100 / Math.max(1, unique.size)))
  return [...unique.values()].map(({ name: target, port }) => ({
    name,
    type: 'SRV',
    ttl: recordTTL,
    data: { priority: 0, weight, port, target },
  }))
}

/** What is asked of a Service's ports: `_http._tcp`, or all. */
export interface PortFilter {
  readonly port: string
  readonly protocol: string
}

export function matchesPort(
  { name = '', protocol = 'TCP' }: { readonly name?: string; readonly protocol?: string },
  filter: PortFilter | undefined,
): boolean {
  if (!filter) return true
  return (
    name !== '' &&
    filter.port === `_${name}`.toLowerCase() &&
    filter.protocol === `_${protocol}`.toLowerCase()
  )
}
