// What is called differently in each family, for remedies.
import type { IPFamily } from '../ip/family.ts'

type Words = Readonly<Record<IPFamily, string>>

/** `ip route get ADDRESS`. */
export const ipRoute: Words = { IPv4: 'ip route', IPv6: 'ip -6 route' }

/** How a router says that a packet does not fit. */
export const packetTooBig: Words = {
  IPv4: 'ICMP "fragmentation needed"',
  IPv6: 'ICMPv6 "packet too big"',
}
