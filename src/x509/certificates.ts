// A cluster's certificates (X.509 v3, RFC 5280): a CA, serving certificates with addresses of both families,
// client certificates, whose common name is the user and whose organizations are its groups, and whatever a
// request asks for. Keys made here are ECDSA P-256.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import type { CertificateRequest } from './certificaterequest.ts'
import * as der from './der.ts'
import { type AlternativeNames, encodeAlternativeNames, encodeSubject, type Subject } from './names.ts'
import { encodePEM } from './pem.ts'
import { encodeUsages } from './usages.ts'

export interface KeyedCertificate {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
}

export interface CertificateContents {
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
  /** The end of its own certificate, which no other of its certificates outlives. */
  readonly notAfterMs: number
}

/** When a certificate ends; PEM. */
export const endOf = (certificate: string): number => Date.parse(new X509Certificate(certificate).validTo)

const ecdsaWithSHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))
const extension = (type: string, value: Buffer, isCritical = false): Buffer =>
  der.sequence(der.objectIdentifier(type), ...(isCritical ? [der.boolean(true)] : []), der.octetString(value))

const keyIdentifierOf = (publicKey: Buffer): Buffer => createHash('sha1').update(publicKey).digest()

function newKey(): { readonly privateKey: KeyObject; readonly publicKey: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'der' }) }
}

const keyToPEM = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

interface Signed {
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly publicKey: Buffer
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly extensions: readonly Buffer[]
}

function signed(contents: Signed, signer: KeyObject): string {
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
  return encodePEM('CERTIFICATE', der.sequence(toBeSigned, ecdsaWithSHA256, der.bitString(signature)))
}

/** A self-signed CA. */
export function createAuthority(commonName: string, validity: Validity): Authority {
  const { privateKey, publicKey } = newKey()
  const subject = encodeSubject({ commonName, organizations: [] })
  const keyIdentifier = keyIdentifierOf(publicKey)
  const certSignAndDigitalSignature = der.bitString(Buffer.from([0b1010_0100]), 2)
  const extensions = [
    extension('2.5.29.19', der.sequence(der.boolean(true)), true),
    extension('2.5.29.15', certSignAndDigitalSignature, true),
    extension('2.5.29.14', der.octetString(keyIdentifier)),
  ]
  const certificate = signed({ issuer: subject, subject, publicKey, ...validity, extensions }, privateKey)
  // Certificates have whole seconds.
  const notAfterMs = Math.floor(validity.notAfterMs / 1000) * 1000
  return { certificate, key: keyToPEM(privateKey), subject, keyIdentifier, privateKey, notAfterMs }
}

interface Leaf {
  readonly subject: Subject
  readonly names: Partial<AlternativeNames>
  readonly publicKey: Buffer
  readonly usages: readonly string[]
}

export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

function signLeaf(authority: Authority, leaf: Leaf, { notBeforeMs, notAfterMs }: Validity): string {
  const { keyUsage, extendedKeyUsage } = encodeUsages(leaf.usages)
  const names = encodeAlternativeNames(leaf.names)
  const extensions = [
    ...(keyUsage ? [extension('2.5.29.15', keyUsage, true)] : []),
    ...(extendedKeyUsage ? [extension('2.5.29.37', extendedKeyUsage)] : []),
    extension('2.5.29.19', der.sequence(), true),
    extension('2.5.29.35', der.sequence(der.implicit(0, authority.keyIdentifier))),
    ...(names ? [extension('2.5.29.17', names)] : []),
  ]
  const { subject: issuer, privateKey } = authority
  const subject = encodeSubject(leaf.subject)
  const { publicKey } = leaf
  return signed({ issuer, subject, publicKey, notBeforeMs, notAfterMs, extensions }, privateKey)
}

/** A certificate of this authority, with a key of its own. Throws when an address is none. */
export function issueCertificate(authority: Authority, contents: CertificateContents): KeyedCertificate {
  const { privateKey, publicKey } = newKey()
  const { commonName, organizations = [], dnsNames = [], ipAddresses = [], usages } = contents
  const leaf = {
    subject: { commonName, organizations, others: {} },
    names: { dnsNames, ipAddresses },
    publicKey,
    usages: ['digital signature', ...usages.map(usage => `${usage} auth`)],
  }
  return { certificate: signLeaf(authority, leaf, contents), key: keyToPEM(privateKey) }
}

/** The certificate that a request asks for, with these usages; no longer than the authority's own. */
export function signRequest(
  authority: Authority,
  request: CertificateRequest,
  terms: Validity & { readonly usages: readonly string[] },
): string {
  const notAfterMs = Math.min(terms.notAfterMs, authority.notAfterMs)
  if (notAfterMs <= terms.notBeforeMs) {
    throw new Error(`the signer has expired: NotAfter=${new Date(authority.notAfterMs).toISOString()}`)
  }
  const { subject, publicKey } = request
  const leaf = { subject, names: request, publicKey, usages: terms.usages }
  return signLeaf(authority, leaf, { notBeforeMs: terms.notBeforeMs, notAfterMs })
}

/** An authority whose certificate and key were kept; `commonName` is the one it was created with. */
export function loadAuthority(kept: KeyedCertificate, commonName: string): Authority {
  const privateKey = createPrivateKey(kept.key)
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return {
    ...kept,
    subject: encodeSubject({ commonName, organizations: [] }),
    keyIdentifier: keyIdentifierOf(publicKey),
    privateKey,
    notAfterMs: endOf(kept.certificate),
  }
}
