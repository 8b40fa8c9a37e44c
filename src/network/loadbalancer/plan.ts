// Decides which addresses of LoadBalancer Services a node answers for. With externalTrafficPolicy Local only
// nodes with an endpoint of their own come into question, so that clients keep their address.
import type { EndpointSlice, Node, Service } from '../../api/generated/types.ts'
import { canonicalAddress } from '../../ip/address.ts'
import { familyOf, type IPFamily } from '../../ip/family.ts'
import { elect } from './election.ts'

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers'

export interface AnnouncementState {
  readonly services: Iterable<Service>
  readonly nodes: Iterable<Node>
  readonly slicesOf: (service: Service) => readonly EndpointSlice[]
}

/** Addresses that are to be answered for by nodes: those of mode Proxy are somebody else's. */
export const loadBalancerAddresses = ({ spec, status }: Service): string[] =>
  spec?.type === 'LoadBalancer'
    ? (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode = 'VIP' }) =>
        ip && ipMode === 'VIP' ? (canonicalAddress(ip) ?? []) : [],
      )
    : []

interface Candidate {
  readonly name: string
  readonly families: ReadonlySet<string | undefined>
}

function candidateOf({ metadata, status }: Node): Candidate[] {
  const isReady = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  const isExcluded = metadata.labels?.[excludeLabel] !== undefined || metadata.deletionTimestamp
  if (!isReady || isExcluded || !metadata.name) return []
  const internal = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP')
  return [{ name: metadata.name, families: new Set(internal.map(({ address }) => familyOf(address))) }]
}

/** Nodes with a ready endpoint of the family, or with one that still serves when none is ready. */
function nodesWithEndpoints(slices: readonly EndpointSlice[], family: IPFamily): ReadonlySet<string> {
  const endpoints = slices
    .filter(({ addressType }) => addressType === family)
    .flatMap(slice => slice.endpoints ?? [])
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false)
  const chosen = ready.length > 0 ? ready : endpoints.filter(({ conditions }) => conditions?.serving)
  return new Set(chosen.flatMap(({ nodeName }) => nodeName ?? []))
}

/** The addresses that `nodeName` answers for, sorted. */
export function planAnnouncements(nodeName: string, state: AnnouncementState): string[] {
  const candidates = [...state.nodes].flatMap(candidateOf)
  const held = new Set<string>()
  for (const service of state.services) {
    const isLocal = service.spec?.externalTrafficPolicy === 'Local'
    for (const address of loadBalancerAddresses(service)) {
      const family = familyOf(address)!
      const local = isLocal ? nodesWithEndpoints(state.slicesOf(service), family) : undefined
      const names = candidates
        .filter(({ name, families }) => families.has(family) && (!local || local.has(name)))
        .map(({ name }) => name)
      if (elect(address, names) === nodeName) held.add(address)
    }
  }
  return [...held].sort()
}
