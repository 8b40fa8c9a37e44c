// The cluster's own certificates (X.509 v3, RFC 5280): a CA, serving certificates with addresses of both
// families, and client certificates, whose common name is the user and whose organizations are its groups.
// ECDSA P-256.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { parseAddress } from '../ip/address.ts'
import { addressBits } from '../ip/family.ts'
import * as der from './der.ts'

export interface KeyedCertificate {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
}

export interface CertificateRequest {
  readonly commonName: string
  readonly organizations?: readonly string[]
  readonly dnsNames?: readonly string[]
  /** Of any family. */
  readonly ipAddresses?: readonly string[]
  readonly usages: readonly ('server' | 'client')[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Signs certificates; made by `createAuthority` or from a stored certificate by `loadAuthority`. */
export interface Authority extends KeyedCertificate {
  readonly subject: Buffer
  readonly keyIdentifier: Buffer
  readonly privateKey: KeyObject
}

const ecdsaWithSHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))
const extendedUsages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const

function distinguishedName(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (type: string, value: string) =>
    der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)))
  return der.sequence(
    ...organizations.map(organization => attribute('2.5.4.10', organization)),
    attribute('2.5.4.3', commonName),
  )
}

const extension = (type: string, value: Buffer, isCritical = false): Buffer =>
  der.sequence(der.objectIdentifier(type), ...(isCritical ? [der.boolean(true)] : []), der.octetString(value))

function addressBytes(text: string): Buffer {
  const address = parseAddress(text)
  if (!address) throw new Error(`Cannot certify the address ${text}: expected an IPv4 or IPv6 address`)
  const digits = addressBits[address.family] / 4
  return Buffer.from(address.value.toString(16).padStart(digits, '0'), 'hex')
}

const keyIdentifierOf = (publicKey: Buffer): Buffer => createHash('sha1').update(publicKey).digest()

function newKey(): { readonly privateKey: KeyObject; readonly publicKey: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'der' }) }
}

const toPEM = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`

const keyToPEM = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

interface Contents {
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly publicKey: Buffer
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly extensions: readonly Buffer[]
}

function signed(contents: Contents, signer: KeyObject): string {
  const version3 = der.explicit(0, der.integer(Buffer.from([2])))
  const toBeSigned = der.sequence(
    version3,
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSHA256,
    contents.issuer,
    der.sequence(der.time(contents.notBeforeMs), der.time(contents.notAfterMs)),
    contents.subject,
    contents.publicKey,
    der.explicit(3, der.sequence(...contents.extensions)),
  )
  const signature = sign('sha256', toBeSigned, { key: signer, dsaEncoding: 'der' })
  return toPEM(der.sequence(toBeSigned, ecdsaWithSHA256, der.bitString(signature)))
}

/** A self-signed CA. */
export function createAuthority(
  commonName: string,
  validity: { readonly notBeforeMs: number; readonly notAfterMs: number },
): Authority {
  const { privateKey, publicKey } = newKey()
  const subject = distinguishedName(commonName, [])
  const keyIdentifier = keyIdentifierOf(publicKey)
  const certSignAndDigitalSignature = der.bitString(Buffer.from([0b1010_0100]), 2)
  const extensions = [
    extension('2.5.29.19', der.sequence(der.boolean(true)), true),
    extension('2.5.29.15', certSignAndDigitalSignature, true),
    extension('2.5.29.14', der.octetString(keyIdentifier)),
  ]
  const certificate = signed({ issuer: subject, subject, publicKey, ...validity, extensions }, privateKey)
  return { certificate, key: keyToPEM(privateKey), subject, keyIdentifier, privateKey }
}

/** A certificate of this authority, with a key of its own. Throws when an address is none. */
export function issueCertificate(authority: Authority, request: CertificateRequest): KeyedCertificate {
  const { privateKey, publicKey } = newKey()
  const names = [
    ...(request.dnsNames ?? []).map(name => der.implicit(2, Buffer.from(name))),
    ...(request.ipAddresses ?? []).map(address => der.implicit(7, addressBytes(address))),
  ]
  const usages = request.usages.map(usage => der.objectIdentifier(extendedUsages[usage]))
  const digitalSignature = der.bitString(Buffer.from([0b1000_0000]), 7)
  const extensions = [
    extension('2.5.29.15', digitalSignature, true),
    extension('2.5.29.37', der.sequence(...usages)),
    extension('2.5.29.19', der.sequence(), true),
    extension('2.5.29.35', der.sequence(der.implicit(0, authority.keyIdentifier))),
    ...(names.length > 0 ? [extension('2.5.29.17', der.sequence(...names))] : []),
  ]
  const contents: Contents = {
    issuer: authority.subject,
    subject: distinguishedName(request.commonName, request.organizations ?? []),
    publicKey,
    notBeforeMs: request.notBeforeMs,
    notAfterMs: request.notAfterMs,
    extensions,
  }
  return { certificate: signed(contents, authority.privateKey), key: keyToPEM(privateKey) }
}

/** An authority whose certificate and key were kept; `commonName` is the one it was created with. */
export function loadAuthority(kept: KeyedCertificate, commonName: string): Authority {
  const privateKey = createPrivateKey(kept.key)
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return {
    ...kept,
    subject: distinguishedName(commonName, []),
    keyIdentifier: keyIdentifierOf(publicKey),
    privateKey,
  }
}
