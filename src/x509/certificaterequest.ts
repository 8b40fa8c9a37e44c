// Requests for certificates (PKCS #10, RFC 2986) in PEM: made by who wants one, read and verified by who
// checks and signs them.
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import * as der from './der.ts'
import {
  childrenOf,
  DERError,
  type Element,
  readBitString,
  readElement,
  readObjectIdentifier,
  tags,
} from './derreader.ts'
import {
  type AlternativeNames,
  encodeAlternativeNames,
  encodeSubject,
  readAlternativeNames,
  readSubject,
  type Subject,
} from './names.ts'
import { decodePEM, encodePEM } from './pem.ts'

/** A request whose signature is right. */
export interface CertificateRequest extends AlternativeNames {
  readonly subject: Subject
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Buffer
}

const extensionRequest = '1.2.840.113549.1.9.14'
const subjectAltName = '2.5.29.17'

/** Signature algorithm -> hash; null where the key's kind says it. */
const hashes: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
}

/** Of the attributes in a request's end, the alternative names. */
function alternativeNamesIn(attributes: Element | undefined): AlternativeNames {
  if (!attributes) return readAlternativeNames(undefined)
  for (const attribute of childrenOf(attributes, 0xa0)) {
    const [type, values] = childrenOf(attribute, tags.sequence)
    if (readObjectIdentifier(type) !== extensionRequest) continue
    const [extensions] = childrenOf(values, tags.set)
    for (const extension of childrenOf(extensions, tags.sequence)) {
      const parts = childrenOf(extension, tags.sequence)
      if (readObjectIdentifier(parts[0]) !== subjectAltName) continue
      return readAlternativeNames(readElement(parts.at(-1)!.contents))
    }
  }
  return readAlternativeNames(undefined)
}

function publicKeyOf(bytes: Buffer): KeyObject {
  try {
    return createPublicKey({ key: bytes, format: 'der', type: 'spki' })
  } catch {
    throw new DERError('x509: failed to parse the public key')
  }
}

function checkSignature(signed: Buffer, { algorithm, signature, key }: Signature): void {
  const hash = hashes[algorithm]
  if (hash === undefined) {
    throw new DERError('x509: cannot verify signature: algorithm unimplemented')
  }
  let isRight = false
  try {
    isRight = verify(hash, signed, { key: publicKeyOf(key), dsaEncoding: 'der' }, signature)
  } catch (error) {
    if (error instanceof DERError) throw error
  }
  if (!isRight) throw new DERError('x509: signature verification failed')
}

interface Signature {
  readonly algorithm: string
  readonly signature: Buffer
  /** SubjectPublicKeyInfo. */
  readonly key: Buffer
}

/** Throws with a sentence for what is no PEM, no request, or not signed by its own key. */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const block = decodePEM(pem)[0]
  if (block?.label !== 'CERTIFICATE REQUEST') {
    throw new DERError('PEM block type must be CERTIFICATE REQUEST')
  }
  const [info, algorithm, signature] = childrenOf(readElement(block.bytes), tags.sequence)
  const [, subject, key, attributes] = childrenOf(info, tags.sequence)
  if (!key) throw new DERError('asn1: structure error: sequence truncated')
  checkSignature(info!.bytes, {
    algorithm: readObjectIdentifier(childrenOf(algorithm, tags.sequence)[0]),
    signature: readBitString(signature),
    key: key.bytes,
  })
  return { subject: readSubject(subject), publicKey: key.bytes, ...alternativeNamesIn(attributes) }
}

export interface WantedCertificate {
  readonly commonName: string
  readonly organizations?: readonly string[]
  readonly dnsNames?: readonly string[]
  /** Of any family. */
  readonly ipAddresses?: readonly string[]
}

/** A request with a new ECDSA key (P-256); both in PEM. */
export function createCertificateRequest(wanted: WantedCertificate): {
  readonly request: string
  readonly key: string
} {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const names = encodeAlternativeNames(wanted)
  const extensions = names
    ? [
        der.sequence(
          der.objectIdentifier(extensionRequest),
          der.set(der.sequence(der.sequence(der.objectIdentifier(subjectAltName), der.octetString(names)))),
        ),
      ]
    : []
  const info = der.sequence(
    der.integer(Buffer.from([0])),
    encodeSubject({ commonName: wanted.commonName, organizations: wanted.organizations ?? [] }),
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(0, ...extensions),
  )
  const signature = sign('sha256', info, { key: privateKey, dsaEncoding: 'der' })
  const ecdsaWithSHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))
  const request = der.sequence(info, ecdsaWithSHA256, der.bitString(signature))
  return {
    request: encodePEM('CERTIFICATE REQUEST', request),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
