// How nft names what differs between the two families, so that rules are written once and looped over.
import type { IPFamily } from '../../ip/family.ts'

export interface FamilySyntax {
  /** The header's name in an expression: `ip saddr`. */
  readonly header: string
  /** The type of an address in a set. */
  readonly addressType: string
  /** As `meta nfproto` compares it. */
  readonly protocol: string
  /** Addresses that never leave the host. */
  readonly loopbackRange: string
}

export const familySyntax: Readonly<Record<IPFamily, FamilySyntax>> = {
  IPv4: { header: 'ip', addressType: 'ipv4_addr', protocol: 'ipv4', loopbackRange: '127.0.0.0/8' },
  IPv6: { header: 'ip6', addressType: 'ipv6_addr', protocol: 'ipv6', loopbackRange: '::1' },
}
