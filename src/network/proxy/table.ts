// The part of the proxy's table that never changes: its base chains, its sets and maps. The order of checks
// is that of KEP-3866 (kube-proxy's nftables mode), but every kind of frontend is found by one lookup per
// packet that opens a connection; packets of known connections meet none of this.
import type { IPFamilies, IPFamily } from '../../ip/family.ts'
import type { Chain, NftMap, NftSet, Table } from '../nftables/objects.ts'
import { familySyntax } from '../nftables/syntax.ts'
import {
  endpointKey,
  frontendKey,
  mapNames,
  masqueradeMark,
  type Place,
  protocols,
  rejectChain,
} from './route.ts'

export const proxyTable: Table = { family: 'inet', name: 'futago-proxy' }

/** Clients whose endpoint is remembered at one time, over all Services with ClientIP affinity. */
const affinitySize = 262_144

const places: readonly Place[] = ['service', 'node-port']

function mapsOf(place: Place, family: IPFamily): NftMap[] {
  const { addressType, header } = familySyntax[family]
  const names = mapNames(place, family)
  const type = `${place === 'service' ? `${addressType} . ` : ''}inet_proto . inet_service`
  return [
    { kind: 'map', name: names.frontends, key: `type ${type} : verdict` },
    ...protocols.map((protocol): NftMap => {
      const key = `typeof ${endpointKey(place, family, protocol)} . numgen random mod 2`
      const value = `${header} daddr . ${protocol} dport`
      return { kind: 'map', name: names.endpoints(protocol), key: `${key} : ${value}` }
    }),
    {
      kind: 'map',
      name: names.stickyPicks,
      key: `typeof ${frontendKey(place, family)} . numgen random mod 2 : ct mark`,
    },
    { kind: 'map', name: names.stickyEndpoints, key: `type ${type} . mark : ${addressType} . inet_service` },
  ]
}

function setsOf(family: IPFamily): NftSet[] {
  const { addressType } = familySyntax[family]
  const guarded = `type ${addressType} . inet_proto . inet_service . ${addressType}`
  const interval = ['interval'] as const
  return [
    { kind: 'set', name: `cluster-ips-${family}`, key: `type ${addressType}` },
    { kind: 'set', name: `hairpins-${family}`, key: `type ${addressType} . ${addressType}` },
    { kind: 'set', name: `local-pods-${family}`, key: `type ${addressType}`, flags: interval },
    { kind: 'set', name: `service-ranges-${family}`, key: `type ${addressType}`, flags: interval },
    { kind: 'set', name: `node-port-ranges-${family}`, key: `type ${addressType}`, flags: interval },
    { kind: 'set', name: `source-ranges-${family}`, key: guarded, flags: interval },
  ]
}

export function proxyCollections(families: IPFamilies): readonly (NftSet | NftMap)[] {
  const affinity: NftMap = {
    kind: 'map',
    name: 'affinity',
    // A hash of the client and the frontend, and the number of an endpoint.
    key: 'typeof numgen random mod 2 : ct mark',
    flags: ['dynamic', 'timeout'],
    size: affinitySize,
  }
  return [
    affinity,
    ...families.flatMap(family => [...setsOf(family), ...places.flatMap(place => mapsOf(place, family))]),
  ]
}

const lookup = (place: Place, family: IPFamily): string =>
  `${frontendKey(place, family)} vmap @${mapNames(place, family).frontends}`

/** Node ports answer on every address of the node but the loopback's, or on those of the ranges alone. */
function nodePortRules(family: IPFamily, hasRanges: boolean): string[] {
  const { header, loopbackRange } = familySyntax[family]
  const among = hasRanges
    ? `${header} daddr @node-port-ranges-${family}`
    : `${header} daddr != ${loopbackRange}`
  return [`${among} ${lookup('node-port', family)}`]
}

export interface StaticOptions {
  readonly families: IPFamilies
  /** Whether node ports answer only on addresses in the sets `node-port-ranges`. */
  readonly hasNodePortRanges: boolean
}

export function proxyChains({ families, hasNodePortRanges }: StaticOptions): readonly Chain[] {
  const headerOf = (family: IPFamily) => familySyntax[family].header
  const services = [
    ...families.map(family => lookup('service', family)),
    ...families.map(family => `${headerOf(family)} daddr @cluster-ips-${family} goto ${rejectChain}`),
    ...families.map(family => `${headerOf(family)} daddr @service-ranges-${family} drop`),
    'fib daddr type local goto node-ports',
  ]
  const ours = `meta mark & ${masqueradeMark} != 0`
  return [
    {
      name: rejectChain,
      rules: ['meta l4proto tcp reject with tcp reset', 'reject with icmpx port-unreachable'],
    },
    { name: 'node-ports', rules: families.flatMap(family => nodePortRules(family, hasNodePortRanges)) },
    { name: 'services', rules: services },
    {
      name: 'prerouting',
      hook: { type: 'nat', hook: 'prerouting', priority: -100 },
      rules: ['goto services'],
    },
    { name: 'output', hook: { type: 'nat', hook: 'output', priority: -100 }, rules: ['goto services'] },
    {
      name: 'postrouting',
      hook: { type: 'nat', hook: 'postrouting', priority: 100 },
      rules: [
        ...families.map(
          family =>
            `ct status dnat ${headerOf(family)} saddr . ${headerOf(family)} daddr @hairpins-${family} ` +
            'masquerade fully-random',
        ),
        `${ours} meta mark set meta mark ^ ${masqueradeMark} masquerade fully-random`,
      ],
    },
    // An answer that conntrack cannot place would reach the client from the endpoint's own address, and make
    // it reset the connection (kubernetes/kubernetes#74839).
    {
      name: 'forward',
      hook: { type: 'filter', hook: 'forward', priority: 0 },
      rules: ['ct state invalid drop'],
    },
  ]
}
