// IP addresses as values: a family and a number. Parsing is strict (no leading zeros, short forms or zones)
// with a lenient twin for the API fields that Kubernetes has always read leniently; text is canonical as
// RFC 5952 asks.
import { parseIp, stringifyIp } from 'ip-bigint'
import { addressVersion } from './addresstext.ts'
import type { IPFamily } from './family.ts'

export interface Address {
  readonly family: IPFamily
  readonly value: bigint
}

const mappedPrefix = 0xffffn
const isMappedValue = (value: bigint) => value >> 32n === mappedPrefix

/**
 * Strict: undefined for anything that is not plainly an address, which includes IPv4-mapped IPv6 addresses,
 * as their meaning depends on who reads them.
 */
export function parseAddress(text: string): Address | undefined {
  const version = addressVersion(text)
  if (version === undefined) return undefined
  const { number } = parseIp(text)
  if (version === 4) return { family: 'IPv4', value: number }
  return isMappedValue(number) ? undefined : { family: 'IPv6', value: number }
}

/**
 * As Kubernetes reads addresses in its older fields (netutils.ParseIPSloppy): leading zeros are decimal,
 * and an IPv4-mapped IPv6 address is the IPv4 address.
 */
export function parseLenientAddress(text: string): Address | undefined {
  const version = addressVersion(text)
  if (version === undefined) {
    const plain = withoutLeadingZeros(text)
    return plain === undefined || plain === text ? undefined : parseLenientAddress(plain)
  }
  const { number } = parseIp(text)
  if (version === 4) return { family: 'IPv4', value: number }
  return isMappedValue(number)
    ? { family: 'IPv4', value: number & 0xffffffffn }
    : { family: 'IPv6', value: number }
}

/** `010.1.1.001` -> `10.1.1.1`, also at the end of an IPv6 address; Go allows any number of zeros. */
function withoutLeadingZeros(text: string): string | undefined {
  const start = text.lastIndexOf(':') + 1
  const quad = text.slice(start)
  if (!/^\d+(\.\d+){3}$/.test(quad)) return undefined
  return text.slice(0, start) + quad.replace(/(^|\.)0+(?=\d)/g, '$1')
}

/** Canonical: `192.0.2.1`, `2001:db8::1`. */
export function formatAddress(address: Address): string {
  if (address.family === 'IPv4') return stringifyIp({ number: address.value, version: 4 })
  return stringifyIp({ number: address.value, version: 6, ipv4mapped: isMappedValue(address.value) })
}

/** IPv4 before IPv6, then by value: a comparator for sort. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family < b.family ? -1 : 1
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
}

/** Canonical text of a strictly valid address, undefined for anything else. */
export function canonicalAddress(text: string): string | undefined {
  const address = parseAddress(text)
  return address && formatAddress(address)
}
