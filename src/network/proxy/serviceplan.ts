// What one Service contributes to the proxy's table on one node, computed from the Service, its
// EndpointSlices and the node alone. Everything is an element of a set or map; table.ts and route.ts have
// the rest.
import type { EndpointSlice, Service, ServicePort } from '../../api/generated/types.ts'
import type { IPFamilies, IPFamily } from '../../ip/family.ts'
import {
  type Choice,
  chooseEndpoints,
  type Endpoint,
  type ProxyNode,
  readEndpoints,
  type Span,
} from './endpoints.ts'
import { externalAddresses, proxiedAddresses, sourceRanges } from './frontends.ts'
import { numberEndpoints } from './numbers.ts'
import {
  mapNames,
  type Pick,
  type Place,
  type Protocol,
  type ProxyChain,
  planRoute,
  type Route,
  rejectChain,
} from './route.ts'

export interface PlannedElement {
  readonly collection: string
  readonly key: string
  readonly value?: string | undefined
  /** The chain that its verdict leads to. */
  readonly chain?: ProxyChain | undefined
}

/** Where clients send UDP to, and the endpoints that may answer: conntrack must not know others. */
export interface UDPFrontend {
  readonly family: IPFamily
  /** Absent: any address of the node. */
  readonly address?: string | undefined
  readonly port: number
  /** `address port`. */
  readonly endpoints: ReadonlySet<string>
}

/** A load balancer's question whether this node has endpoints of the Service. */
export interface HealthCheck {
  readonly namespace: string
  readonly name: string
  readonly port: number
  readonly localEndpoints: Readonly<Partial<Record<IPFamily, number>>>
}

export interface ServicePlan {
  readonly elements: readonly PlannedElement[]
  readonly udpFrontends: readonly UDPFrontend[]
  readonly healthCheck?: HealthCheck | undefined
}

/** The node for which is planned. */
export interface PlanNode extends ProxyNode {
  readonly families: IPFamilies
  readonly addresses: readonly string[]
}

const defaultStickySeconds = 10_800

function stickySecondsOf({ spec }: Service): number | undefined {
  if (spec?.sessionAffinity !== 'ClientIP') return undefined
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultStickySeconds
}

interface Frontend {
  readonly place: Place
  readonly family: IPFamily
  readonly protocol: Protocol
  /** Absent: a port of the node. */
  readonly address?: string
  readonly port: number
  readonly route: Route
  readonly isGuarded?: boolean
}

/** One port of the Service in one family. */
interface PortPlan {
  readonly service: Service
  readonly family: IPFamily
  readonly port: ServicePort
  readonly choice: Choice
}

const protocolOf = ({ protocol = 'TCP' }: ServicePort) => protocol.toLowerCase() as Protocol

/** As a packet is looked up: by address, protocol and port, of which a map may lack some. */
const keyOf = (...parts: readonly (string | number | undefined)[]) =>
  parts.filter(part => part !== undefined).join(' . ')

function internalRoute({ service, choice }: PortPlan): Route {
  const isLocal = service.spec?.internalTrafficPolicy === 'Local'
  const span = isLocal ? choice.local : choice.cluster
  if (span) return { to: 'internal', pick: pickOf(span, service) }
  return { to: choice.endpoints.length > 0 ? 'drop' : 'reject' }
}

function externalRoute({ service, choice }: PortPlan): Route {
  if (!choice.cluster) return { to: 'reject' }
  const inside = pickOf(choice.cluster, service)
  if (service.spec?.externalTrafficPolicy !== 'Local') return { to: 'external', pick: inside }
  return { to: 'local', inside, outside: choice.local && pickOf(choice.local, service) }
}

const pickOf = (span: Span, service: Service): Pick => {
  const stickySeconds = stickySecondsOf(service)
  return stickySeconds === undefined ? span : { ...span, stickySeconds }
}

function frontendsOf(plan: PortPlan): Frontend[] {
  const { service, family, port: servicePort } = plan
  const protocol = protocolOf(servicePort)
  const { port, nodePort } = servicePort
  const route = externalRoute(plan)
  const own = { place: 'service', family, protocol, port } as const
  const frontends: Frontend[] = [
    ...proxiedAddresses(service, family).map(address => ({ ...own, address, route: internalRoute(plan) })),
    ...externalAddresses(service, family).map(external => ({ ...own, ...external, route })),
  ]
  if (nodePort) frontends.push({ place: 'node-port', family, protocol, port: nodePort, route })
  return frontends
}

function spansOf(route: Route): Span[] {
  switch (route.to) {
    case 'reject':
    case 'drop':
      return []
    case 'internal':
    case 'external':
      return [route.pick]
    case 'local':
      return route.outside ? [route.inside, route.outside] : [route.inside]
  }
}

const isIn = (index: number) => (span: Span) => index >= span.from && index < span.from + span.count

/** The frontend's own element, and one (two with affinity) for each of its endpoints. */
function elementsOf(frontend: Frontend, { endpoints }: Choice, isSticky: boolean): PlannedElement[] {
  const { place, family, protocol, address: own, port: ownPort, route, isGuarded = false } = frontend
  const maps = mapNames(place, family)
  const key = keyOf(own, protocol, ownPort)
  const { verdict, chain } = planRoute(route, { family, place, protocol, isGuarded })
  const elements: PlannedElement[] = [{ collection: maps.frontends, key, value: verdict, chain }]
  const spans = spansOf(route)
  const numbers = isSticky && spans.length > 0 ? numberEndpoints(endpoints) : []
  endpoints.forEach(({ address, port }, index) => {
    if (!spans.some(isIn(index))) return
    const value = `${address} . ${port}`
    if (!isSticky) {
      elements.push({ collection: maps.endpoints(protocol), key: keyOf(own, ownPort, index), value })
      return
    }
    const number = String(numbers[index])
    elements.push({ collection: maps.stickyPicks, key: keyOf(key, index), value: number })
    elements.push({ collection: maps.stickyEndpoints, key: keyOf(key, number), value })
  })
  return elements
}

/** A Service lacks a family that the node has: its node ports refuse it instead of letting it hang. */
function refusals({ spec }: Service, family: IPFamily): PlannedElement[] {
  const { frontends } = mapNames('node-port', family)
  return (spec?.ports ?? []).flatMap(port =>
    port.nodePort
      ? [{ collection: frontends, key: keyOf(protocolOf(port), port.nodePort), value: `goto ${rejectChain}` }]
      : [],
  )
}

function udpFrontendsOf({ service, family, port }: PortPlan, known: readonly Endpoint[]): UDPFrontend[] {
  if (port.protocol !== 'UDP') return []
  const endpoints = new Set(known.map(endpoint => `${endpoint.address} ${endpoint.port}`))
  const addresses = [
    ...proxiedAddresses(service, family),
    ...externalAddresses(service, family).map(({ address }) => address),
  ]
  const frontends: UDPFrontend[] = addresses.map(address => ({ family, address, port: port.port, endpoints }))
  if (port.nodePort) frontends.push({ family, port: port.nodePort, endpoints })
  return frontends
}

interface FamilyPlan {
  readonly elements: readonly PlannedElement[]
  readonly udpFrontends: readonly UDPFrontend[]
  readonly localEndpoints: number
}

function usesLocal({ spec }: Service): boolean {
  return spec?.internalTrafficPolicy === 'Local' || spec?.externalTrafficPolicy === 'Local'
}

function planFamily(
  service: Service,
  slices: readonly EndpointSlice[],
  { family, node }: { family: IPFamily; node: PlanNode },
): FamilyPlan {
  const elements: PlannedElement[] = proxiedAddresses(service, family).map(address => ({
    collection: `cluster-ips-${family}`,
    key: address,
  }))
  const udpFrontends: UDPFrontend[] = []
  const local = new Set<string>()
  const isSticky = stickySecondsOf(service) !== undefined
  for (const port of service.spec?.ports ?? []) {
    const known = readEndpoints(slices, { port, family, node })
    const choice = chooseEndpoints(known, node, usesLocal(service))
    const plan = { service, family, port, choice }
    for (const frontend of frontendsOf(plan)) elements.push(...elementsOf(frontend, choice, isSticky))
    for (const key of sourceRanges(service, { family, port, nodeAddresses: node.addresses })) {
      elements.push({ collection: `source-ranges-${family}`, key })
    }
    for (const { address, isLocal } of choice.endpoints) {
      if (isLocal) elements.push({ collection: `hairpins-${family}`, key: `${address} . ${address}` })
    }
    udpFrontends.push(...udpFrontendsOf(plan, known))
    for (const { address, isLocal, isReady } of known) if (isLocal && isReady) local.add(address)
  }
  return { elements, udpFrontends, localEndpoints: local.size }
}

function healthCheckOf(
  { metadata, spec }: Service,
  localEndpoints: Partial<Record<IPFamily, number>>,
): HealthCheck | undefined {
  const port = spec?.healthCheckNodePort
  if (spec?.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local' || !port) return undefined
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '', port, localEndpoints }
}

/** A key that a Service claims twice (an external IP that is a load balancer's too) counts once. */
function withoutRepeats(elements: readonly PlannedElement[]): PlannedElement[] {
  const seen = new Set<string>()
  return elements.filter(({ collection, key }) => {
    const id = `${collection} ${key}`
    return !seen.has(id) && seen.add(id)
  })
}

const nothing: ServicePlan = { elements: [], udpFrontends: [] }
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name'

/** Headless Services, ExternalName and those of another proxy contribute nothing. */
export function planService(service: Service, slices: readonly EndpointSlice[], node: PlanNode): ServicePlan {
  const isProxied =
    service.spec?.type !== 'ExternalName' && service.metadata.labels?.[proxyNameLabel] === undefined
  const families = isProxied
    ? node.families.filter(family => proxiedAddresses(service, family).length > 0)
    : []
  if (families.length === 0) return nothing
  const elements: PlannedElement[] = []
  const udpFrontends: UDPFrontend[] = []
  const localEndpoints: Partial<Record<IPFamily, number>> = {}
  for (const family of node.families) {
    if (!families.includes(family)) {
      elements.push(...refusals(service, family))
      continue
    }
    const plan = planFamily(service, slices, { family, node })
    elements.push(...plan.elements)
    udpFrontends.push(...plan.udpFrontends)
    localEndpoints[family] = plan.localEndpoints
  }
  return {
    elements: withoutRepeats(elements),
    udpFrontends,
    healthCheck: healthCheckOf(service, localEndpoints),
  }
}
