// Lists of addresses that come from different places, brought to one form.
import { canonicalAddress, compareAddresses, formatAddress, parseAddress } from '../ip/address.ts'

/** Canonical, each once, sorted; what is no address is left out. */
export const sortedAddresses = (addresses: readonly string[]): readonly string[] => [
  ...new Set(
    addresses
      .flatMap(address => parseAddress(address) ?? [])
      .sort(compareAddresses)
      .map(formatAddress),
  ),
]

/**
 * The client's address of `10.0.0.1:80`, `[fd00::1]:80`, `::ffff:10.0.0.1` and the like, as servers print it;
 * undefined when there is none.
 */
export function clientAddress(text: string): string | undefined {
  const trimmed = text.trim()
  const bracketed = /^\[([^\]]+)\]/.exec(trimmed)?.[1]
  const withPort = /^([\d.]+):\d+$/.exec(trimmed)?.[1]
  const plain = (bracketed ?? withPort ?? trimmed).replace(/^::ffff:(?=[\d.]+$)/i, '').replace(/%.*$/, '')
  return canonicalAddress(plain)
}
