// Which endpoints of a Service get its traffic on one node: those that are ready, or the terminating ones
// that still serve when none is (KEP-1669); those that the hints name for this node or zone, when every
// endpoint has hints (KEP-2433, KEP-3015); and, where a traffic policy says Local, those of this node.
import type { EndpointSlice, ServicePort, Endpoint as SliceEndpoint } from '../../api/generated/types.ts'
import type { IPFamily } from '../../ip/family.ts'
import { canonical } from './frontends.ts'

export interface Endpoint {
  readonly address: string
  readonly port: number
  readonly isLocal: boolean
  readonly isReady: boolean
  /** Goes away, but still answers. */
  readonly isServing: boolean
  readonly zones: readonly string[]
  readonly nodes: readonly string[]
}

export interface ProxyNode {
  readonly name: string
  readonly zone?: string | undefined
}

const byAddress = (a: Endpoint, b: Endpoint): number =>
  a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port

const names = (hints: readonly { readonly name: string }[] | undefined) =>
  (hints ?? []).map(({ name }) => name)

function readEndpoint(endpoint: SliceEndpoint, port: number, node: ProxyNode): Endpoint | undefined {
  const { conditions = {}, hints } = endpoint
  const isReady = conditions.ready ?? true
  const isServing = conditions.serving ?? isReady
  // The addresses of one endpoint are interchangeable; as in kube-proxy the first one is used.
  const address = canonical(endpoint.addresses[0] ?? '')
  if (!address || !(isReady || isServing)) return undefined
  return {
    address,
    port,
    isLocal: endpoint.nodeName === node.name,
    isReady,
    isServing,
    zones: names(hints?.forZones),
    nodes: names(hints?.forNodes),
  }
}

/** What may get traffic of a Service's port in one family, in order of address. */
export function readEndpoints(
  slices: readonly EndpointSlice[],
  { port, family, node }: { port: ServicePort; family: IPFamily; node: ProxyNode },
): Endpoint[] {
  const found = new Map<string, Endpoint>()
  for (const slice of slices) {
    if (slice.addressType !== family) continue
    const target = slice.ports?.find(
      ({ name = '', protocol = 'TCP' }) =>
        name === (port.name ?? '') && protocol === (port.protocol ?? 'TCP'),
    )
    if (!target?.port) continue
    for (const one of slice.endpoints ?? []) {
      const endpoint = readEndpoint(one, target.port, node)
      if (!endpoint) continue
      const key = `${endpoint.address} ${endpoint.port}`
      // While an endpoint moves from one slice to another it may stand in both.
      if (!found.get(key)?.isReady) found.set(key, endpoint)
    }
  }
  return [...found.values()].sort(byAddress)
}

const readyOrServing = (endpoints: readonly Endpoint[]): Endpoint[] => {
  const ready = endpoints.filter(({ isReady }) => isReady)
  return ready.length > 0 ? ready : endpoints.filter(({ isServing }) => isServing)
}

/** The ready endpoints near by, when all have hints and some are for here; otherwise all. */
function near(endpoints: readonly Endpoint[], { name, zone }: ProxyNode): readonly Endpoint[] {
  const ready = endpoints.filter(({ isReady }) => isReady)
  const onNode = ready.filter(({ nodes }) => nodes.includes(name))
  if (onNode.length > 0 && ready.every(({ nodes }) => nodes.length > 0)) return onNode
  const inZone = zone ? ready.filter(({ zones }) => zones.includes(zone)) : []
  if (inZone.length > 0 && ready.every(({ zones }) => zones.length > 0)) return inZone
  return endpoints
}

/** From which endpoint on, and how many; undefined: there is none. */
export interface Span {
  readonly from: number
  readonly count: number
}

export interface Choice {
  /** Those that get traffic, in an order in which each span is one piece. */
  readonly endpoints: readonly Endpoint[]
  /** For the policy Cluster. */
  readonly cluster: Span | undefined
  /** For the policy Local. */
  readonly local: Span | undefined
}

/** `usesLocal`: a traffic policy of the Service says Local. */
export function chooseEndpoints(endpoints: readonly Endpoint[], node: ProxyNode, usesLocal: boolean): Choice {
  const cluster = new Set(readyOrServing(near(endpoints, node)))
  const local = new Set(usesLocal ? readyOrServing(endpoints.filter(({ isLocal }) => isLocal)) : [])
  const onlyLocal = [...local].filter(endpoint => !cluster.has(endpoint))
  const both = [...local].filter(endpoint => cluster.has(endpoint))
  const onlyCluster = [...cluster].filter(endpoint => !local.has(endpoint))
  const span = (from: number, count: number) => (count > 0 ? { from, count } : undefined)
  return {
    endpoints: [...onlyLocal, ...both, ...onlyCluster],
    cluster: span(onlyLocal.length, cluster.size),
    local: span(0, local.size),
  }
}
