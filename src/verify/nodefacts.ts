// What a Node says about its families: addresses and Pod ranges, in their order. Several checks read the
// same facts, and each has to read them alike.
import type { Node } from '../api/generated/types.ts'
import { familyOf, familyOfCIDR, type IPFamilies, type IPFamily } from '../ip/family.ts'

export const nameOf = (object: { readonly metadata: { readonly name?: string } }): string =>
  object.metadata.name ?? ''

export const podCIDRsOf = ({ spec }: Node): readonly string[] => spec?.podCIDRs ?? []

/** `InternalIP`, `ExternalIP`: in the order of status.addresses. */
export const addressesOf = ({ status }: Node, type: string): readonly string[] =>
  (status?.addresses ?? []).filter(address => address.type === type).map(({ address }) => address)

export const internalIPsOf = (node: Node): readonly string[] => addressesOf(node, 'InternalIP')

/** Each family once, in the order of its first address. */
export const familiesOf = (addresses: readonly string[]): IPFamilies => [
  ...new Set(addresses.flatMap(address => familyOf(address) ?? [])),
]

export const familiesOfCIDRs = (cidrs: readonly string[]): IPFamilies => [
  ...new Set(cidrs.flatMap(cidr => familyOfCIDR(cidr) ?? [])),
]

export const ofFamily = (addresses: readonly string[], family: IPFamily): readonly string[] =>
  addresses.filter(address => familyOf(address) === family)

/** Whether the families that are there stand in the wanted order; those nobody wants do not count. */
export function inOrder(families: IPFamilies, wanted: IPFamilies): boolean {
  const there = families.filter(family => wanted.includes(family))
  return there.join() === wanted.filter(family => there.includes(family)).join()
}

/** `linux`, `windows`. */
export const operatingSystemOf = ({ metadata, status }: Node): string =>
  metadata.labels?.['kubernetes.io/os'] ?? status?.nodeInfo?.operatingSystem ?? 'linux'

const shown = 6

/** `a, b, c`, or the first few and how many more: `a, b, ... (+12)`. */
export const listSome = (items: readonly string[], separator = ', '): string =>
  items.length <= shown
    ? items.join(separator)
    : [...items.slice(0, shown), `... (+${items.length - shown})`].join(separator)

/** `node1: 10.0.0.1, fd00::1`. */
export const withNode = (node: Node, values: readonly string[]): string =>
  `${nameOf(node)}: ${values.length === 0 ? '-' : values.join(', ')}`
