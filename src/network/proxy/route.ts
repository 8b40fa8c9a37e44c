// Where packets to one address and port of a Service go, and the chains that do it. The chains are shared
// by all Services that are alike: a chain is a function of its name, so their number does not grow with the
// number of Services, and what is of one Service stands in elements of maps alone.
import type { IPFamily } from '../../ip/family.ts'
import type { Chain } from '../nftables/objects.ts'
import { familySyntax } from '../nftables/syntax.ts'

/** Some of a port's endpoints, which are numbered from 0: one is chosen by chance. */
export interface Pick {
  readonly from: number
  readonly count: number
  /** ClientIP affinity: a client comes back to its endpoint until it has stayed away for so long. */
  readonly stickySeconds?: number | undefined
}

export type Route =
  /** Refused at once: there is no endpoint at all. */
  | { readonly to: 'reject' }
  /** Dropped: there are endpoints, but none that the traffic policy allows here. */
  | { readonly to: 'drop' }
  /** To a ClusterIP: the source is kept when it is a Pod of this node. */
  | { readonly to: 'internal'; readonly pick: Pick }
  /** From outside, to any endpoint: masqueraded, so that the answer comes back this way. */
  | { readonly to: 'external'; readonly pick: Pick }
  /** externalTrafficPolicy Local: from here to any endpoint, from outside to this node's, unchanged. */
  | { readonly to: 'local'; readonly inside: Pick; readonly outside: Pick | undefined }

/** A Service's own address and port, or a port of the node. */
export type Place = 'service' | 'node-port'

export const protocols = ['tcp', 'udp', 'sctp'] as const
export type Protocol = (typeof protocols)[number]

export interface RouteOptions {
  readonly family: IPFamily
  readonly place: Place
  readonly protocol: Protocol
  /** Only sources that the set `source-ranges` allows for the address and port. */
  readonly isGuarded?: boolean
}

/** A chain and those that it sends packets to. */
export interface ProxyChain extends Chain {
  readonly needs: readonly ProxyChain[]
}

/** kube-proxy's bit, which other software knows to leave alone. */
export const masqueradeMark = '0x4000'
export const rejectChain = 'refuse'

/** The names of the maps that hold the frontends of a place and what belongs to them. */
export const mapNames = (place: Place, family: IPFamily) => {
  const prefix = place === 'service' ? '' : 'node-port-'
  return {
    frontends: place === 'service' ? `frontends-${family}` : `node-ports-${family}`,
    /** One per protocol: nft (1.0.6) ties a map that yields ports to the protocol it was declared with. */
    endpoints: (protocol: Protocol) => `${prefix}endpoints-${protocol}-${family}`,
    stickyPicks: `${prefix}sticky-picks-${family}`,
    stickyEndpoints: `${prefix}sticky-endpoints-${family}`,
  }
}

/** What a packet is looked up by in the maps of a place. */
export const frontendKey = (place: Place, family: IPFamily): string =>
  `${place === 'service' ? `${familySyntax[family].header} daddr . ` : ''}meta l4proto . th dport`

/** What a packet is looked up by in the maps of endpoints: the protocol is the map's. */
export const endpointKey = (place: Place, family: IPFamily, protocol: Protocol): string =>
  `${place === 'service' ? `${familySyntax[family].header} daddr . ` : ''}${protocol} dport`

/** Only hashes are compared: a key of its full length is too long for nft (1.0.6). */
export const affinityKey = (family: IPFamily): string => {
  const { header } = familySyntax[family]
  const client = `${header} saddr . ${header} daddr . meta l4proto . th dport`
  return `jhash ${client} mod 4294967295 seed 0x66757461`
}

const formatPick = ({ from, count, stickySeconds }: Pick): string =>
  `${from}-${count}${stickySeconds === undefined ? '' : `-${stickySeconds}s`}`

/**
 * The connection's mark carries the endpoint's number from rule to rule. A client that is known is sent to
 * its endpoint; when that has gone, the client is forgotten and treated as new.
 */
function stickyRules({ from, count, stickySeconds }: Pick, { place, family }: RouteOptions): string[] {
  const { header } = familySyntax[family]
  const maps = mapNames(place, family)
  const client = affinityKey(family)
  const frontend = frontendKey(place, family)
  const toEndpoint = `dnat ${header} to ${frontend} . ct mark map @${maps.stickyEndpoints}`
  const remember = `update @affinity { ${client} timeout ${stickySeconds}s : ct mark }`
  return [
    'ct mark set 0',
    `ct mark set ${client} map @affinity`,
    `ct mark != 0 ${remember} ${toEndpoint}`,
    `ct mark != 0 delete @affinity { ${client} : ct mark }`,
    `ct mark set ${frontend} . numgen random mod ${count} offset ${from} map @${maps.stickyPicks}`,
    `${remember} ${toEndpoint}`,
    toEndpoint,
  ]
}

function pickRules(pick: Pick, options: RouteOptions): string[] {
  if (pick.stickySeconds !== undefined) return stickyRules(pick, options)
  const { place, family, protocol } = options
  const { header } = familySyntax[family]
  const key = `${endpointKey(place, family, protocol)} . numgen random mod ${pick.count} offset ${pick.from}`
  return [`dnat ${header} to ${key} map @${mapNames(place, family).endpoints(protocol)}`]
}

const pickChain = (pick: Pick, options: RouteOptions): ProxyChain => ({
  name: `${options.place}-pick-${formatPick(pick)}-${options.protocol}-${options.family}`,
  rules: pickRules(pick, options),
  needs: [],
})

const markForMasquerade = `meta mark set meta mark | ${masqueradeMark}`

/** The way on for one route; its guard comes before it. */
function routeRules(route: Route, options: RouteOptions): { rules: string[]; needs: ProxyChain[] } {
  const { header } = familySyntax[options.family]
  const localPods = `@local-pods-${options.family}`
  switch (route.to) {
    case 'reject':
      return { rules: [`goto ${rejectChain}`], needs: [] }
    case 'drop':
      return { rules: ['drop'], needs: [] }
    case 'internal': {
      const pick = pickChain(route.pick, options)
      return {
        rules: [`${header} saddr != ${localPods} ${markForMasquerade}`, `goto ${pick.name}`],
        needs: [pick],
      }
    }
    case 'external': {
      const pick = pickChain(route.pick, options)
      return { rules: [markForMasquerade, `goto ${pick.name}`], needs: [pick] }
    }
    case 'local': {
      const inside = pickChain(route.inside, options)
      const outside = route.outside && pickChain(route.outside, options)
      return {
        rules: [
          `${header} saddr ${localPods} goto ${inside.name}`,
          `fib saddr type local ${markForMasquerade} goto ${inside.name}`,
          outside ? `goto ${outside.name}` : 'drop',
        ],
        needs: outside && outside.name !== inside.name ? [inside, outside] : [inside],
      }
    }
  }
}

function formatRoute(route: Route): string {
  switch (route.to) {
    case 'reject':
    case 'drop':
      return route.to
    case 'internal':
    case 'external':
      return `${route.to}-${formatPick(route.pick)}`
    case 'local':
      return `local-${route.outside ? formatPick(route.outside) : 'none'}-of-${formatPick(route.inside)}`
  }
}

/** The verdict that stands in a map for the route, and the chain that it leads to, if it is one. */
export interface PlannedRoute {
  readonly verdict: string
  readonly chain?: ProxyChain
}

export function planRoute(route: Route, options: RouteOptions): PlannedRoute {
  if (!options.isGuarded && route.to === 'drop') return { verdict: 'drop' }
  if (!options.isGuarded && route.to === 'reject') return { verdict: `goto ${rejectChain}` }
  const { place, family, protocol } = options
  const { rules, needs } = routeRules(route, options)
  const guard = options.isGuarded
    ? [
        `${frontendKey(place, family)} . ${familySyntax[family].header} saddr != @source-ranges-${family} drop`,
      ]
    : []
  const name = `${place}-${options.isGuarded ? 'guarded-' : ''}${formatRoute(route)}-${protocol}-${family}`
  return { verdict: `goto ${name}`, chain: { name, rules: [...guard, ...rules], needs } }
}
