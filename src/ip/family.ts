// IP families as an ordered list: the first is primary. There is no "dual" value; code loops over the list.
import { parseIp } from 'ip-bigint'
import { addressVersion } from './addresstext.ts'

export type IPFamily = 'IPv4' | 'IPv6'

/** One or two different families in order of preference; the first is the primary one. */
export type IPFamilies = readonly IPFamily[]

/** The four lists that a cluster, a node or a Service can have. */
export const familyOrders: readonly IPFamilies[] = [['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']]

export const isFamily = (text: string): text is IPFamily => text === 'IPv4' || text === 'IPv6'

/** What is no family at all counts as IPv6. */
export const otherFamily = (family: string): IPFamily => (family === 'IPv4' ? 'IPv6' : 'IPv4')

/** How many bits an address of the family has. */
export const addressBits: Readonly<Record<IPFamily, number>> = { IPv4: 32, IPv6: 128 }

/** Listens on every address of the family. */
export const unspecifiedAddress: Readonly<Record<IPFamily, string>> = { IPv4: '0.0.0.0', IPv6: '::' }

export const loopbackAddress: Readonly<Record<IPFamily, string>> = { IPv4: '127.0.0.1', IPv6: '::1' }

/**
 * The family of an address, undefined for anything else. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`)
 * is IPv4, as it is for Kubernetes.
 */
export function familyOf(address: string): IPFamily | undefined {
  const version = addressVersion(address)
  if (version === undefined) return undefined
  if (version === 4) return 'IPv4'
  return isMapped(address) ? 'IPv4' : 'IPv6'
}

/** The family of `192.0.2.0/24` and the like, judged by the address before the slash. */
export const familyOfCIDR = (cidr: string): IPFamily | undefined => {
  const slash = cidr.lastIndexOf('/')
  return slash < 0 ? undefined : familyOf(cidr.slice(0, slash))
}

const isMapped = (address: string) =>
  /^[0:]*:ffff:/i.test(address) && parseIp(address).number >> 32n === 0xffffn

/** `IPv4,IPv6`: one or two different families. Throws an Error that says what it expects. */
export function parseFamilies(text: string): IPFamilies {
  const families = text.split(',').map(part => part.trim())
  if (!families.every(isFamily) || families.length > 2 || new Set(families).size !== families.length) {
    throw new Error(
      `Cannot use the IP families "${text}": one is unknown or repeated, ` +
        'expected IPv4, IPv6, IPv4,IPv6 or IPv6,IPv4',
    )
  }
  return families
}

export const formatFamilies = (families: IPFamilies): string => families.join(',')
