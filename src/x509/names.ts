// What a certificate is about: the distinguished name of its subject, and the alternative names, of which
// addresses come in 4 or 16 bytes (RFC 5280, 4.1.2.6 and 4.2.1.6).
import { formatAddress, parseAddress } from '../ip/address.ts'
import { addressBits, type IPFamily } from '../ip/family.ts'
import * as der from './der.ts'
import { childrenOf, DERError, type Element, readObjectIdentifier, readString, tags } from './derreader.ts'

/** Names of a subject that certificates of a cluster go by; others are left out, as upstream leaves them. */
export interface Subject {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** Country, organizational unit ...: identifier -> values. */
  readonly others: Readonly<Record<string, readonly string[]>>
}

export interface AlternativeNames {
  readonly dnsNames: readonly string[]
  /** Canonical, of any family. */
  readonly ipAddresses: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly uris: readonly string[]
}

const commonName = '2.5.4.3'
const organization = '2.5.4.10'
/** Country, unit, locality, province, street, postal code, serial number. */
const otherTypes = ['2.5.4.6', '2.5.4.11', '2.5.4.7', '2.5.4.8', '2.5.4.9', '2.5.4.17', '2.5.4.5']

const attribute = (type: string, value: string) =>
  der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)))

export function encodeSubject(subject: Omit<Subject, 'others'> & Partial<Subject>): Buffer {
  const { others = {} } = subject
  return der.sequence(
    ...Object.entries(others).flatMap(([type, values]) => values.map(value => attribute(type, value))),
    ...subject.organizations.map(value => attribute(organization, value)),
    ...(subject.commonName === '' ? [] : [attribute(commonName, subject.commonName)]),
  )
}

export function readSubject(element: Element | undefined): Subject {
  const found = new Map<string, string[]>()
  for (const set of childrenOf(element, tags.sequence)) {
    for (const pair of childrenOf(set, tags.set)) {
      const [type, value] = childrenOf(pair, tags.sequence)
      const name = readObjectIdentifier(type)
      const values = found.get(name) ?? []
      found.set(name, values)
      if (name === commonName || name === organization || otherTypes.includes(name))
        values.push(readString(value))
    }
  }
  return {
    commonName: found.get(commonName)?.at(-1) ?? '',
    organizations: found.get(organization) ?? [],
    others: Object.fromEntries(
      otherTypes.flatMap(type => (found.has(type) ? [[type, found.get(type)!]] : [])),
    ),
  }
}

function addressBytes(text: string): Buffer {
  const address = parseAddress(text)
  if (!address) throw new Error(`Cannot certify the address ${text}: expected an IPv4 or IPv6 address`)
  const digits = addressBits[address.family] / 4
  return Buffer.from(address.value.toString(16).padStart(digits, '0'), 'hex')
}

function readAddress(bytes: Buffer): string {
  const families = Object.keys(addressBits) as IPFamily[]
  const family = families.find(known => addressBits[known] === bytes.length * 8)
  if (!family) throw new DERError(`x509: cannot parse IP address of length ${bytes.length}`)
  const text = formatAddress({ family, value: BigInt(`0x${bytes.toString('hex')}`) })
  if (parseAddress(text)) return text
  throw new DERError(`x509: cannot certify ${text}: it is an address of either family`)
}

/** The contents of the extension subjectAltName; undefined when there are no such names. */
export function encodeAlternativeNames(names: Partial<AlternativeNames>): Buffer | undefined {
  const all = [
    ...(names.dnsNames ?? []).map(name => der.implicit(2, Buffer.from(name))),
    ...(names.emailAddresses ?? []).map(name => der.implicit(1, Buffer.from(name))),
    ...(names.ipAddresses ?? []).map(address => der.implicit(7, addressBytes(address))),
    ...(names.uris ?? []).map(uri => der.implicit(6, Buffer.from(uri))),
  ]
  return all.length > 0 ? der.sequence(...all) : undefined
}

export function readAlternativeNames(element: Element | undefined): AlternativeNames {
  const names: Record<keyof AlternativeNames, string[]> = {
    dnsNames: [],
    ipAddresses: [],
    emailAddresses: [],
    uris: [],
  }
  for (const { tag, contents } of element ? childrenOf(element, tags.sequence) : []) {
    if (tag === 0x81) names.emailAddresses.push(contents.toString('latin1'))
    else if (tag === 0x82) names.dnsNames.push(contents.toString('latin1'))
    else if (tag === 0x86) names.uris.push(contents.toString('latin1'))
    else if (tag === 0x87) names.ipAddresses.push(readAddress(contents))
  }
  return names
}
