// Decides which routes a node needs to reach the Pods of the others: each range by way of the node's address
// of the same family (what cloud route controllers do for kubenet clusters).
import type { Node } from '../../api/generated/types.ts'
import type { Route } from '../../host/route.ts'
import { formatCIDR, parseCIDR } from '../../ip/cidr.ts'
import { familyOf, type IPFamily } from '../../ip/family.ts'

/** Marks our routes, so that no others are touched. */
export const routeProtocol = '102'

export interface RoutePlan {
  readonly routes: readonly Route[]
  /** Ranges that cannot be reached, since their node has no address of the family. */
  readonly unreachable: readonly { readonly node: string; readonly family: IPFamily }[]
}

const internalAddresses = ({ status }: Node): string[] =>
  (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address)

export function planRoutes(nodes: Iterable<Node>, nodeName: string): RoutePlan {
  const routes: Route[] = []
  const unreachable: { node: string; family: IPFamily }[] = []
  for (const node of nodes) {
    const { name = '' } = node.metadata
    if (name === nodeName) continue
    for (const range of node.spec?.podCIDRs ?? []) {
      const cidr = parseCIDR(range)
      if (!cidr) continue
      const via = internalAddresses(node).find(address => familyOf(address) === cidr.family)
      if (via) routes.push({ destination: formatCIDR(cidr), via, protocol: routeProtocol })
      else unreachable.push({ node: name, family: cidr.family })
    }
  }
  return { routes, unreachable }
}

export interface RouteChanges {
  readonly replace: readonly Route[]
  readonly remove: readonly Route[]
}

const keyOf = ({ destination, via }: Route) => `${destination} ${via}`

/** What to do to have `wanted` instead of `found`, both ours. */
export function planChanges(found: readonly Route[], wanted: readonly Route[]): RouteChanges {
  const existing = new Set(found.map(keyOf))
  const destinations = new Set(wanted.map(route => route.destination))
  return {
    replace: wanted.filter(route => !existing.has(keyOf(route))),
    remove: found.filter(route => !destinations.has(route.destination)),
  }
}
