// Decides how a Service's endpoints are laid out over EndpointSlices of one family: few writes rather than
// the tightest packing. Pure; the steps are those of upstream's staging/src/k8s.io/endpointslice
// reconciler (KEP-752).
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice, Service } from '../api/generated/types.ts'
import { controllerReference } from '../api/meta/owners.ts'
import type { IPFamily } from '../ip/family.ts'
import { services } from './resources.ts'
import { sameValue } from './samevalue.ts'
import { headlessLabel, isHeadless } from './serviceendpoints.ts'

export const maxEndpointsPerSlice = 100
export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const sliceManager = 'endpointslice-controller.k8s.io'
const reserved = new Set([serviceNameLabel, managedByLabel, headlessLabel])

export interface SlicePlan {
  readonly create: EndpointSlice[]
  readonly update: EndpointSlice[]
  readonly remove: EndpointSlice[]
}

/** Endpoints that share the numbers of all their ports, and so may share a slice. */
export interface PortGroup {
  readonly ports: readonly DiscoveryV1EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

export interface SliceState {
  readonly family: IPFamily
  readonly groups: readonly PortGroup[]
  /** The Service's slices of this family. */
  readonly existing: readonly EndpointSlice[]
}

export const portsKey = (ports: readonly DiscoveryV1EndpointPort[] | undefined): string =>
  (ports ?? [])
    .map(
      ({ name = '', port, protocol = 'TCP', appProtocol = '' }) =>
        `${name} ${port} ${protocol} ${appProtocol}`,
    )
    .sort()
    .join('\n')

const endpointKey = ({ addresses, targetRef, hostname = '' }: Endpoint) =>
  [[...addresses].sort().join(), targetRef?.namespace, targetRef?.name, targetRef?.uid, hostname].join('\n')

/** The Service's own labels, and those by which its slices are found. */
export function sliceLabels(service: Service): Record<string, string> {
  const own = Object.entries(service.metadata.labels ?? {}).filter(([key]) => !reserved.has(key))
  return {
    ...Object.fromEntries(own),
    [serviceNameLabel]: service.metadata.name ?? '',
    [managedByLabel]: sliceManager,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
  }
}

export function planSlices(service: Service, { family, groups, existing }: SliceState): SlicePlan {
  const mine = existing.filter(slice => isOwnedBy(slice, service))
  const plan: SlicePlan = {
    create: [],
    update: [],
    remove: existing.filter(slice => !mine.includes(slice)),
  }
  const byPorts = new Map<string, EndpointSlice[]>()
  for (const slice of mine) {
    const key = portsKey(slice.ports)
    byPorts.set(key, [...(byPorts.get(key) ?? []), slice])
  }
  for (const group of groups) {
    const key = portsKey(group.ports)
    planGroup(service, { family, groups: [group], existing: byPorts.get(key) ?? [] }, plan)
    byPorts.delete(key)
  }
  plan.remove.push(...[...byPorts.values()].flat())
  if (plan.create.length === 0 && existing.length === plan.remove.length) {
    const kept = plan.remove.findIndex(slice => mine.includes(slice) && isPlaceholder(slice, service))
    if (kept >= 0) plan.remove.splice(kept, 1)
    else plan.create.push(newSlice(service, family, { ports: [], endpoints: [] }))
  }
  return reuse(plan, service)
}

const isPlaceholder = ({ metadata, ports, endpoints }: EndpointSlice, service: Service) =>
  !ports?.length && !endpoints?.length && sameValue(metadata.labels, sliceLabels(service))

const isOwnedBy = (slice: EndpointSlice, service: Service) =>
  slice.metadata.ownerReferences?.some(
    ({ uid, kind }) => kind === 'Service' && uid === service.metadata.uid,
  ) === true

function newSlice(service: Service, family: IPFamily, group: PortGroup): EndpointSlice {
  const { name = '', namespace } = service.metadata
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: sliceLabels(service),
      ownerReferences: [controllerReference(services, service)],
    },
    addressType: family,
    ports: [...group.ports],
    endpoints: [...group.endpoints],
  }
}

/** Keeps endpoints where they are, drops what is gone, then finds room for what is new. */
function planGroup(service: Service, { family, groups, existing }: SliceState, plan: SlicePlan): void {
  const [group] = groups
  if (!group) return
  const missing = new Map(group.endpoints.map(endpoint => [endpointKey(endpoint), endpoint]))
  const labels = sliceLabels(service)
  const changed: EndpointSlice[] = []
  const unchanged: EndpointSlice[] = []
  for (const slice of existing) {
    const before = slice.endpoints ?? []
    const kept: Endpoint[] = []
    for (const endpoint of before) {
      const wanted = missing.get(endpointKey(endpoint))
      if (!wanted) continue
      kept.push(wanted)
      missing.delete(endpointKey(endpoint))
    }
    const sameEndpoints = kept.length === before.length && sameValue(kept, before)
    if (!sameEndpoints && kept.length === 0) plan.remove.push(slice)
    else if (!sameEndpoints || !sameValue(labels, slice.metadata.labels ?? {})) {
      changed.push({ ...slice, metadata: { ...slice.metadata, labels }, endpoints: kept })
    } else unchanged.push(slice)
  }
  const rest = [...missing.values()]
  changed.sort((a, b) => (b.endpoints?.length ?? 0) - (a.endpoints?.length ?? 0))
  for (const slice of changed) fill(slice, rest)
  plan.update.push(...changed)
  while (rest.length > 0) {
    const room = rest.length < maxEndpointsPerSlice ? tightestFit(unchanged, rest.length) : undefined
    if (room) {
      unchanged.splice(unchanged.indexOf(room), 1)
      const filled = { ...room, endpoints: [...(room.endpoints ?? [])] }
      fill(filled, rest)
      plan.update.push(filled)
    } else {
      const endpoints = rest.splice(0, maxEndpointsPerSlice)
      plan.create.push(newSlice(service, family, { ports: group.ports, endpoints }))
    }
  }
}

function fill(slice: EndpointSlice, rest: Endpoint[]): void {
  slice.endpoints?.push(...rest.splice(0, Math.max(0, maxEndpointsPerSlice - slice.endpoints.length)))
}

function tightestFit(slices: readonly EndpointSlice[], count: number): EndpointSlice | undefined {
  let best: EndpointSlice | undefined
  for (const slice of slices) {
    const size = slice.endpoints?.length ?? 0
    if (size + count <= maxEndpointsPerSlice && size > 0 && size > (best?.endpoints?.length ?? 0))
      best = slice
  }
  return best
}

/** A slice that would be removed is better overwritten by one that would be created. */
function reuse(plan: SlicePlan, service: Service): SlicePlan {
  const { create, update, remove } = plan
  const left = remove.filter(slice => {
    const replacement = isOwnedBy(slice, service) ? create.pop() : undefined
    if (!replacement) return true
    const { name, resourceVersion, uid } = slice.metadata
    const { generateName: _, ...metadata } = replacement.metadata
    update.push({ ...replacement, metadata: { ...metadata, name, resourceVersion, uid } })
    return false
  })
  return { create, update, remove: left }
}
