// CIDR ranges as values, 128 bits wide throughout: parsing, containment, splitting and counting.
import { type Address, formatAddress, parseAddress, parseLenientAddress } from './address.ts'
import { addressBits, type IPFamily } from './family.ts'

export interface CIDR {
  readonly family: IPFamily
  /** The first address; its host bits are zero. */
  readonly base: bigint
  readonly prefixLength: number
}

/** An address with the length of its network's prefix, `192.0.2.7/24`. */
export interface InterfaceAddress {
  readonly address: Address
  readonly prefixLength: number
}

/** Strict: a strictly valid address, a length without leading zeros, no host bits set. */
export function parseCIDR(text: string): CIDR | undefined {
  const parsed = parseInterfaceAddress(text)
  if (!parsed) return undefined
  const cidr = networkOf(parsed.address, parsed.prefixLength)
  return cidr.base === parsed.address.value ? cidr : undefined
}

/** Like parseCIDR, but host bits may be set: they tell the address. */
export function parseInterfaceAddress(text: string): InterfaceAddress | undefined {
  return parseParts(text, parseAddress, /^(0|[1-9]\d{0,2})$/)
}

/**
 * As Kubernetes reads CIDRs in its older fields (netutils.ParseCIDRSloppy): lenient addresses, zeros before
 * the length; an IPv4-mapped base makes an IPv4 range whose length counts from the 96th bit.
 */
export function parseLenientCIDR(text: string): InterfaceAddress | undefined {
  const slash = text.lastIndexOf('/')
  const isV6Text = text.slice(0, slash).includes(':')
  const readLength = Number(text.slice(slash + 1))
  const address = slash < 0 ? undefined : parseLenientAddress(text.slice(0, slash))
  if (!address || !/^\d+$/.test(text.slice(slash + 1))) return undefined
  const mapped = isV6Text && addressBits[address.family] === 32
  const prefixLength = mapped ? readLength - 96 : readLength
  return prefixLength < 0 || prefixLength > addressBits[address.family]
    ? undefined
    : { address, prefixLength }
}

function parseParts(
  text: string,
  parse: (text: string) => Address | undefined,
  lengthPattern: RegExp,
): InterfaceAddress | undefined {
  const slash = text.lastIndexOf('/')
  const length = text.slice(slash + 1)
  if (slash < 0 || !lengthPattern.test(length)) return undefined
  const address = parse(text.slice(0, slash))
  if (!address || Number(length) > addressBits[address.family]) return undefined
  return { address, prefixLength: Number(length) }
}

/** `10.96.0.0/16`, in canonical form. */
export const formatCIDR = (cidr: CIDR): string =>
  `${formatAddress({ family: cidr.family, value: cidr.base })}/${cidr.prefixLength}`

const hostBits = (cidr: Pick<CIDR, 'family' | 'prefixLength'>) =>
  BigInt(addressBits[cidr.family] - cidr.prefixLength)

/** The range of the given length that holds the address. */
export function networkOf(address: Address, prefixLength: number): CIDR {
  const bits = hostBits({ family: address.family, prefixLength })
  return { family: address.family, base: (address.value >> bits) << bits, prefixLength }
}

/** How many addresses it has. */
export const cidrSize = (cidr: CIDR): bigint => 1n << hostBits(cidr)

/** The last address; for IPv4 the broadcast address. */
export const lastAddress = (cidr: CIDR): Address => addressAt(cidr, cidrSize(cidr) - 1n)

/** The n-th address of a range, as texts: `fd00:10:96::a` is the tenth of `fd00:10:96::/112`. */
export function nthAddress(range: string, offset: bigint): string {
  const cidr = parseCIDR(range)
  if (!cidr) throw new RangeError(`Cannot count addresses of ${range}: expected a CIDR`)
  return formatAddress(addressAt(cidr, offset))
}

/** The address `offset` places after the first one. It must lie within the range. */
export function addressAt(cidr: CIDR, offset: bigint): Address {
  if (offset < 0n || offset >= cidrSize(cidr)) {
    throw new RangeError(`Cannot take address ${offset} of ${formatCIDR(cidr)}: it has ${cidrSize(cidr)}`)
  }
  return { family: cidr.family, value: cidr.base + offset }
}

export const cidrContains = (cidr: CIDR, address: Address): boolean =>
  cidr.family === address.family && networkOf(address, cidr.prefixLength).base === cidr.base

/** Every address of `inner` is one of `outer`. */
export const cidrCovers = (outer: CIDR, inner: CIDR): boolean =>
  outer.prefixLength <= inner.prefixLength && cidrContains(outer, { family: inner.family, value: inner.base })

export const cidrsOverlap = (a: CIDR, b: CIDR): boolean => cidrCovers(a, b) || cidrCovers(b, a)

export const sameCIDR = (a: CIDR, b: CIDR): boolean =>
  a.family === b.family && a.base === b.base && a.prefixLength === b.prefixLength

/** How many ranges of `prefixLength` fit into it. */
export const splitCount = (cidr: CIDR, prefixLength: number): bigint =>
  1n << BigInt(prefixLength - cidr.prefixLength)

/** The range number `index` (from 0) of those of `prefixLength` that it divides into. */
export function splitCIDR(cidr: CIDR, prefixLength: number, index: bigint): CIDR {
  const fits = prefixLength >= cidr.prefixLength && prefixLength <= addressBits[cidr.family]
  if (!fits || index < 0n || index >= splitCount(cidr, prefixLength)) {
    throw new RangeError(
      `Cannot take /${prefixLength} number ${index} of ${formatCIDR(cidr)}: it does not fit`,
    )
  }
  const part = { family: cidr.family, prefixLength }
  return { ...part, base: cidr.base + (index << hostBits(part)) }
}
