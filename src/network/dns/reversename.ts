// The names under which addresses are looked up: `7.0.244.10.in-addr.arpa` (RFC 1035) and 32 nibbles below
// `ip6.arpa` (RFC 3596).
import { type Address, parseAddress } from '../../ip/address.ts'

const nibbles = /^([0-9a-f]\.){32}ip6\.arpa$/
const quad = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/

/** Undefined for anything but a whole address; the name is in lower case. */
export function parseReverseName(name: string): Address | undefined {
  const v4 = quad.exec(name)
  if (v4) return parseAddress(v4.slice(1).reverse().join('.'))
  if (!nibbles.test(name)) return undefined
  const digits = name.slice(0, 64).replaceAll('.', '').split('').reverse().join('')
  return { family: 'IPv6', value: BigInt(`0x${digits}`) }
}
