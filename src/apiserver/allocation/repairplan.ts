// What is wrong between Services, IPAddresses and node port keys, and what to do about it: upstream's
// ipallocator-repair-controller and portallocator-repair-controller (KEP-1880). Pure.
import type { IPAddress, Service } from '../../api/generated/types.ts'
import { parseTime } from '../../api/meta/timestamps.ts'
import {
  clusterIPsOf,
  hasAllocatedIPs,
  needsHealthCheckNodePort,
} from '../../api/resources/core/service/kind.ts'
import { nodePortsOf } from '../../api/resources/core/service/update.ts'
import { parseAddress } from '../../ip/address.ts'
import { type CIDR, cidrContains } from '../../ip/cidr.ts'
import { familyOf } from '../../ip/family.ts'
import { addressName, familyLabel, managedByLabel, managerName } from './ipaddressobject.ts'
import { formatPortRange, type PortRange } from './portpool.ts'

/** Of a Service only what repair looks at: there may be very many. */
export interface ServiceSummary {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly addresses: readonly string[]
  readonly ports: readonly number[]
}

export interface AddressSummary {
  readonly name: string
  readonly uid: string
  readonly createdMs: number
  readonly isManaged: boolean
  readonly family: string | undefined
  /** `namespace/name` of the Service it points at; undefined when it points at something else. */
  readonly service: string | undefined
}

export interface Snapshot {
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, ServiceSummary>
  readonly addresses: ReadonlyMap<string, AddressSummary>
  /** Port -> `namespace/name` of the Service that took it. */
  readonly ports: ReadonlyMap<number, string>
  readonly ranges: readonly CIDR[]
  readonly portRange: PortRange
}

export type Repair =
  | { readonly type: 'writeAddress'; readonly name: string; readonly service: ServiceSummary }
  | { readonly type: 'deleteAddress'; readonly name: string }
  | { readonly type: 'writePort'; readonly port: number; readonly service: ServiceSummary }
  | { readonly type: 'deletePort'; readonly port: number }

/** To be told as a Warning Event about a Service or an IPAddress. */
export interface Finding {
  readonly kind: 'Service' | 'IPAddress'
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly reason: string
  readonly message: string
}

export interface RepairPlan {
  readonly repairs: readonly Repair[]
  readonly findings: readonly Finding[]
}

const leakGraceMs = 60_000
export const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  `${namespace}/${name}`

export function summarizeService(service: Service): ServiceSummary {
  const { uid = '', namespace = '', name = '' } = service.metadata
  const healthCheck = needsHealthCheckNodePort(service) ? (service.spec?.healthCheckNodePort ?? 0) : 0
  return {
    uid,
    namespace,
    name,
    addresses: hasAllocatedIPs(service) ? clusterIPsOf(service) : [],
    ports: [...new Set([...nodePortsOf(service), ...(healthCheck ? [healthCheck] : [])])],
  }
}

export function summarizeAddress({ metadata, spec }: IPAddress): AddressSummary {
  const { group, resource, namespace = '', name } = spec?.parentRef ?? {}
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    createdMs: parseTime(metadata.creationTimestamp) ?? 0,
    isManaged: metadata.labels?.[managedByLabel] === managerName,
    family: metadata.labels?.[familyLabel],
    service: !group && resource === 'services' ? `${namespace}/${name}` : undefined,
  }
}

const aboutService = (service: ServiceSummary, reason: string, message: string): Finding => ({
  kind: 'Service',
  namespace: service.namespace,
  name: service.name,
  uid: service.uid,
  reason,
  message,
})
const aboutAddress = ({ name, uid }: AddressSummary, reason: string, message: string): Finding => ({
  kind: 'IPAddress',
  namespace: '',
  name,
  uid,
  reason,
  message,
})

type Step = { readonly repair?: Repair; readonly finding?: Finding }
const holds = (service: ServiceSummary | undefined, name: string) =>
  service?.addresses.some(address => addressName(address) === name) ?? false

function checkAddressOf(service: ServiceSummary, address: string, snapshot: Snapshot): Step {
  const name = addressName(address)
  const parsed = name === undefined ? undefined : parseAddress(name)
  const warn = (reason: string, message: string) => aboutService(service, reason, message)
  if (name === undefined || !parsed) {
    return {
      finding: warn('ClusterIPNotValid', `Cluster IP ${address} is not a valid IP; please recreate Service`),
    }
  }
  const label = `[${parsed.family}]: ${name}`
  if (!snapshot.ranges.some(range => cidrContains(range, parsed))) {
    const why = `Cluster IP ${label} is not within any configured Service CIDR; please recreate service`
    return { finding: warn('ClusterIPOutOfRange', why) }
  }
  const repair: Repair = { type: 'writeAddress', name, service }
  const found = snapshot.addresses.get(name)
  if (!found) {
    return {
      repair,
      finding: warn('ClusterIPNotAllocated', `Cluster IP ${label} is not allocated; repairing`),
    }
  }
  if (found.service !== keyOf(service)) {
    if (!holds(snapshot.services.get(found.service ?? ''), name)) {
      const why = `the ClusterIP ${label} for Service ${keyOf(service)} has a wrong reference; repairing`
      return { repair, finding: warn('ClusterIPNotAllocated', why) }
    }
    const where = `Cluster IP [${parsed.family}]:${name}`
    const why = `${where} was assigned to multiple services; please recreate service`
    return { finding: warn('ClusterIPAlreadyAllocated', why) }
  }
  return found.isManaged && found.family === familyOf(name) ? {} : { repair }
}

/**
 * IPAddresses that nobody has, though ours; young ones may belong to a Service that is just being written.
 */
function checkAddress(found: AddressSummary, snapshot: Snapshot, nowMs: number): Step {
  if (!found.isManaged) return {}
  const { name } = found
  const repair: Repair = { type: 'deleteAddress', name }
  if (found.service === undefined) {
    const why = `IPAddress ${name} appears to have been modified, not referencing a Service: cleaning up`
    return { repair, finding: aboutAddress(found, 'IPAddressNotAllocated', why) }
  }
  const service = snapshot.services.get(found.service)
  if (holds(service, name)) return {}
  if (service) {
    const why = `IPAddress: ${name} for Service ${found.service} has a wrong reference; cleaning up`
    return { repair, finding: aboutAddress(found, 'IPAddressWrongReference', why) }
  }
  if (nowMs - found.createdMs <= leakGraceMs) return {}
  const why = `IPAddress: ${name} for Service ${found.service} appears to have leaked: cleaning up`
  return { repair, finding: aboutAddress(found, 'IPAddressNotAllocated', why) }
}

function checkPortOf(service: ServiceSummary, port: number, snapshot: Snapshot): Step {
  const { first, last } = snapshot.portRange
  const warn = (reason: string, message: string) => aboutService(service, reason, message)
  if (port < first || port > last) {
    const why =
      `Port ${port} is not within the port range ${formatPortRange(snapshot.portRange)}; ` +
      'please recreate service'
    return { finding: warn('PortOutOfRange', why) }
  }
  const owner = snapshot.ports.get(port)
  if (owner === keyOf(service)) return {}
  if (owner === undefined || !snapshot.services.get(owner)?.ports.includes(port)) {
    return {
      repair: { type: 'writePort', port, service },
      finding: warn('PortNotAllocated', `Port ${port} is not allocated; repairing`),
    }
  }
  const why = `Port ${port} was assigned to multiple services; please recreate service`
  return { finding: warn('PortAlreadyAllocated', why) }
}

export function planRepair(snapshot: Snapshot, nowMs: number): RepairPlan {
  const steps: Step[] = []
  for (const service of snapshot.services.values()) {
    for (const address of service.addresses) steps.push(checkAddressOf(service, address, snapshot))
    for (const port of service.ports) steps.push(checkPortOf(service, port, snapshot))
  }
  const written = new Set(
    steps.flatMap(({ repair }) => (repair?.type === 'writeAddress' ? [repair.name] : [])),
  )
  for (const address of snapshot.addresses.values()) {
    if (!written.has(address.name)) steps.push(checkAddress(address, snapshot, nowMs))
  }
  const used = new Set([...snapshot.services.values()].flatMap(({ ports }) => ports))
  for (const port of snapshot.ports.keys()) {
    if (!used.has(port)) steps.push({ repair: { type: 'deletePort', port } })
  }
  return {
    repairs: steps.flatMap(({ repair }) => repair ?? []),
    findings: steps.flatMap(({ finding }) => finding ?? []),
  }
}
