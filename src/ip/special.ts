// Addresses that mean something only here: unspecified, loopback, link-local (RFC 6890), told apart as Go's
// net.IP does.
import type { Address } from './address.ts'
import type { IPFamily } from './family.ts'

type Test = Readonly<Record<IPFamily, (value: bigint) => boolean>>
const by =
  (test: Test) =>
  ({ family, value }: Address): boolean =>
    test[family](value)

/** 0.0.0.0, ::. */
export const isUnspecified = ({ value }: Address): boolean => value === 0n

/** 127.0.0.0/8, ::1. */
export const isLoopback = by({ IPv4: value => value >> 24n === 127n, IPv6: value => value === 1n })

/** 169.254.0.0/16, fe80::/10. */
export const isLinkLocal = by({
  IPv4: value => value >> 16n === 0xa9fen,
  IPv6: value => value >> 118n === 0x3fan,
})

/** 224.0.0.0/24, ff02::/16 and its variants with other flags. */
export const isLinkLocalMulticast = by({
  IPv4: value => value >> 8n === 0xe00000n,
  IPv6: value => ((value >> 112n) & 0xff0fn) === 0xff02n,
})
