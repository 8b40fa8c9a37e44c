// Key usages as the certificates API spells them, and what they are in a certificate (RFC 5280, 4.2.1.3 and
// 4.2.1.12; upstream's pkg/controller/certificates/authority/policies.go).
import * as der from './der.ts'

/** Usage -> bit of the key usage extension. */
const bits: Readonly<Record<string, number>> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
}

/** Usage -> identifier in the extended key usage extension. */
const extended: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
}

/** All that there are, sorted. */
export const keyUsages: readonly string[] = [...Object.keys(bits), ...Object.keys(extended)].sort()

/** The contents of the two extensions; undefined where there is nothing to say. Throws for unknown usages. */
export function encodeUsages(usages: readonly string[]) {
  const unknown = usages.filter(usage => bits[usage] === undefined && extended[usage] === undefined)
  if (unknown.length > 0)
    throw new Error(`unrecognized usage values: [${unknown.map(text => `"${text}"`).join(' ')}]`)
  const set = usages.flatMap(usage => bits[usage] ?? [])
  const identifiers = [...new Set(usages.flatMap(usage => extended[usage] ?? []))].sort()
  return {
    keyUsage: set.length > 0 ? bitsOf(set) : undefined,
    extendedKeyUsage:
      identifiers.length > 0 ? der.sequence(...identifiers.map(der.objectIdentifier)) : undefined,
  }
}

/** A named bit list ends with its last bit that is set (X.690, 11.2.2). */
function bitsOf(set: readonly number[]): Buffer {
  const last = Math.max(...set)
  const bytes = Buffer.alloc(Math.floor(last / 8) + 1)
  for (const bit of set) bytes[Math.floor(bit / 8)]! |= 0x80 >> (bit % 8)
  return der.bitString(bytes, 7 - (last % 8))
}
