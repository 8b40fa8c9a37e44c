// Ranges as the checks compare them: what overlaps what, and the smallest range that holds several.
import { parseAddress } from '../ip/address.ts'
import {
  type CIDR,
  cidrContains,
  cidrCovers,
  cidrsOverlap,
  formatCIDR,
  networkOf,
  parseCIDR,
} from '../ip/cidr.ts'

/** A range and whose it is, for messages: `node1 10.244.1.0/24`. */
export interface OwnedRange {
  readonly owner: string
  readonly cidr: CIDR
}

export const showRange = ({ owner, cidr }: OwnedRange): string => `${owner} ${formatCIDR(cidr)}`

export const ownedRanges = (owner: string, cidrs: readonly string[]): readonly OwnedRange[] =>
  cidrs.flatMap(text => {
    const cidr = parseCIDR(text)
    return cidr ? [{ owner, cidr }] : []
  })

/** The smallest range that holds all of them; of one family, undefined when there is none. */
export function commonRange(cidrs: readonly CIDR[]): CIDR | undefined {
  const [first, ...rest] = cidrs
  if (!first) return undefined
  return rest.reduce((common, cidr) => {
    let wider = common
    while (!cidrCovers(wider, cidr)) {
      wider = networkOf({ family: wider.family, value: wider.base }, wider.prefixLength - 1)
    }
    return wider
  }, first)
}

/** Pairs that share addresses; by their first address, so that a thousand ranges are no million pairs. */
export function overlaps(ranges: readonly OwnedRange[]): readonly (readonly [OwnedRange, OwnedRange])[] {
  const sorted = [...ranges].sort((a, b) =>
    a.cidr.family !== b.cidr.family
      ? a.cidr.family.localeCompare(b.cidr.family)
      : a.cidr.base === b.cidr.base
        ? a.cidr.prefixLength - b.cidr.prefixLength
        : a.cidr.base < b.cidr.base
          ? -1
          : 1,
  )
  const found: [OwnedRange, OwnedRange][] = []
  let widest: OwnedRange | undefined
  for (const range of sorted) {
    if (widest && cidrsOverlap(widest.cidr, range.cidr)) found.push([widest, range])
    else widest = range
  }
  return found
}

export function contains(cidr: CIDR, address: string): boolean {
  const parsed = parseAddress(address)
  return parsed !== undefined && cidrContains(cidr, parsed)
}
