// Several CIDR ranges taken together: what one leaves when others are taken from it, and lists in which no
// range covers another.
import { type CIDR, cidrCovers, cidrsOverlap, splitCIDR } from './cidr.ts'
import { addressBits } from './family.ts'

/** What is left of `cidr`, in order, as the fewest ranges. */
export function subtractCIDRs(cidr: CIDR, taken: readonly CIDR[]): CIDR[] {
  const relevant = taken.filter(other => cidrsOverlap(cidr, other))
  if (relevant.length === 0) return [cidr]
  if (relevant.some(other => cidrCovers(other, cidr))) return []
  if (cidr.prefixLength >= addressBits[cidr.family]) return []
  const halves = [0n, 1n].map(index => splitCIDR(cidr, cidr.prefixLength + 1, index))
  return halves.flatMap(half => subtractCIDRs(half, relevant))
}

/** Without those that another one covers; of equal ones the first stays. */
export const withoutCovered = (cidrs: readonly CIDR[]): CIDR[] =>
  cidrs.filter(
    (cidr, index) =>
      !cidrs.some(
        (other, at) => at !== index && cidrCovers(other, cidr) && (at < index || !cidrCovers(cidr, other)),
      ),
  )
