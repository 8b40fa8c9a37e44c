// The addresses on which a Service is to be reached, and who may.
import type { Service, ServicePort } from '../../api/generated/types.ts'
import { formatAddress, parseLenientAddress } from '../../ip/address.ts'
import {
  type CIDR,
  cidrContains,
  cidrCovers,
  formatCIDR,
  networkOf,
  parseLenientCIDR,
} from '../../ip/cidr.ts'
import { addressBits, familyOf, type IPFamily } from '../../ip/family.ts'

/** Most addresses are IPv4 and in order: reading them as numbers is for the others. */
const isPlain = (text: string) => /^([1-9]\d{0,2}|0)(\.([1-9]\d{0,2}|0)){3}$/.test(text)

/** Canonical text, so that one address is one key; undefined for what is no address. */
export function canonical(text: string): string | undefined {
  if (isPlain(text)) return text
  const address = parseLenientAddress(text)
  return address && formatAddress(address)
}

const ofFamily = (addresses: readonly (string | undefined)[], family: IPFamily): string[] =>
  addresses.flatMap(text => {
    const address = text === undefined ? undefined : canonical(text)
    return address !== undefined && familyOf(address) === family ? [address] : []
  })

/** The Service's ClusterIPs of the family: one or none. */
export const proxiedAddresses = ({ spec }: Service, family: IPFamily): string[] =>
  ofFamily(spec?.clusterIPs ?? [], family)

/** Of these the load balancer's are guarded when the Service names source ranges. */
export function externalAddresses(
  service: Service,
  family: IPFamily,
): { readonly address: string; readonly isGuarded: boolean }[] {
  const own = ofFamily(service.spec?.externalIPs ?? [], family)
  const isGuarded = (service.spec?.loadBalancerSourceRanges ?? []).length > 0
  return [
    ...balancerAddresses(service, family).map(address => ({ address, isGuarded })),
    ...own.map(address => ({ address, isGuarded: false })),
  ]
}

/** Not those of balancers that answer themselves (ipMode Proxy, KEP-1860). */
function balancerAddresses({ spec, status }: Service, family: IPFamily): string[] {
  if (spec?.type !== 'LoadBalancer') return []
  const ingress = status?.loadBalancer?.ingress ?? []
  return ofFamily(
    ingress.filter(({ ipMode }) => ipMode !== 'Proxy').map(({ ip }) => ip),
    family,
  )
}

/** The ranges of the family without those that lie in another: an interval set takes no overlap. */
function rangesOf(texts: readonly string[], family: IPFamily): CIDR[] {
  const ranges = texts.flatMap(text => {
    const parsed = parseLenientCIDR(text.trim())
    return parsed?.address.family === family ? [networkOf(parsed.address, parsed.prefixLength)] : []
  })
  return ranges.filter(
    (range, index) =>
      !ranges.some(
        (other, at) => at !== index && cidrCovers(other, range) && (at < index || !cidrCovers(range, other)),
      ),
  )
}

/**
 * Which sources may use which of the balancer's addresses. When the node itself may, so may the balancer's
 * address: it is the source where that address stands on the node. A family without a range lets nobody in.
 */
export function sourceRanges(
  service: Service,
  { family, port, nodeAddresses }: { family: IPFamily; port: ServicePort; nodeAddresses: readonly string[] },
): string[] {
  const ranges = rangesOf(service.spec?.loadBalancerSourceRanges ?? [], family)
  const nodes = nodeAddresses.flatMap(text => parseLenientAddress(text) ?? [])
  const allowsNode = ranges.some(range => nodes.some(node => cidrContains(range, node)))
  return balancerAddresses(service, family).flatMap(address => {
    const own = allowsNode ? [`${address}/${addressBits[family]}`] : []
    const allowed = rangesOf([...ranges.map(formatCIDR), ...own], family)
    const frontend = `${address} . ${(port.protocol ?? 'TCP').toLowerCase()} . ${port.port}`
    return allowed.map(range => `${frontend} . ${formatCIDR(range)}`)
  })
}
