// Ranges of which no node, Pod or Service should have an address, each with the RFC that sets it apart: they
// are for examples, for one link or for one host.
import { type Address, parseAddress } from '../ip/address.ts'
import { type CIDR, cidrContains, cidrsOverlap, parseCIDR } from '../ip/cidr.ts'
import { unspecifiedAddress } from '../ip/family.ts'

export interface SpecialRange {
  readonly cidr: CIDR
  readonly what: 'documentation' | 'link-local' | 'loopback' | 'unspecified' | 'multicast' | 'site-local'
  readonly rfc: string
}

const range = (text: string, what: SpecialRange['what'], rfc: string): SpecialRange => ({
  cidr: parseCIDR(text)!,
  what,
  rfc,
})

const specialRanges: readonly SpecialRange[] = [
  range('192.0.2.0/24', 'documentation', 'RFC 5737'),
  range('198.51.100.0/24', 'documentation', 'RFC 5737'),
  range('203.0.113.0/24', 'documentation', 'RFC 5737'),
  range('2001:db8::/32', 'documentation', 'RFC 3849'),
  range('3fff::/20', 'documentation', 'RFC 9637'),
  range('169.254.0.0/16', 'link-local', 'RFC 3927'),
  range('fe80::/10', 'link-local', 'RFC 4291'),
  range('127.0.0.0/8', 'loopback', 'RFC 1122'),
  range('::1/128', 'loopback', 'RFC 4291'),
  range(`${unspecifiedAddress.IPv4}/8`, 'unspecified', 'RFC 1122'),
  range('::/128', 'unspecified', 'RFC 4291'),
  range('224.0.0.0/4', 'multicast', 'RFC 5771'),
  range('ff00::/8', 'multicast', 'RFC 4291'),
  range('fec0::/10', 'site-local', 'RFC 3879'),
]

/** `documentation, RFC 3849`; undefined for a range that may be used. */
export function specialPartOf(cidr: CIDR): string | undefined {
  const found = specialRanges.find(special => cidrsOverlap(special.cidr, cidr))
  return found && `${found.what}, ${found.rfc}`
}

export function specialOf(address: string): string | undefined {
  const parsed = parseAddress(address)
  if (!parsed) return 'not an address'
  const found = specialRanges.find(special => cidrContains(special.cidr, parsed))
  return found && `${found.what}, ${found.rfc}`
}

const globalIPv6 = parseCIDR('2000::/3')!

/** Of 2000::/3: the Internet's own. Only IPv6 has so many that nodes need no second, external address. */
export const isGlobalUnicast = (address: Address): boolean =>
  cidrContains(globalIPv6, address) && !specialRanges.some(special => cidrContains(special.cidr, address))
