// Lists of addresses that come from different places, brought to one form.
import { compareAddresses, formatAddress, parseAddress } from '../ip/address.ts'

/** Canonical, each once, sorted; what is no address is left out. */
export const sortedAddresses = (addresses: readonly string[]): readonly string[] => [
  ...new Set(
    addresses
      .flatMap(address => parseAddress(address) ?? [])
      .sort(compareAddresses)
      .map(formatAddress),
  ),
]
