// JSON Web Tokens (RFC 7519) in their compact form, and the signatures of RFC 7518 that node:crypto checks.
import { constants, type KeyObject, verify } from 'node:crypto'

export type Claims = Readonly<Record<string, unknown>>

export interface DecodedToken {
  readonly header: Claims
  /** Not to be believed before the signature is. */
  readonly claims: Claims
  readonly signed: Buffer
  readonly signature: Buffer
}

function decodePart(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Claims) : undefined
  } catch {
    return undefined
  }
}

/** Undefined for what is no token. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [head = '', payload = '', signature = '', ...more] = token.split('.')
  const header = decodePart(head)
  const claims = decodePart(payload)
  if (!header || !claims || more.length > 0) return undefined
  return {
    header,
    claims,
    signed: Buffer.from(`${head}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

interface Algorithm {
  readonly hash: string
  readonly keyType: 'rsa' | 'ec'
  /** Of an elliptic curve key. */
  readonly curve?: string
  readonly padding?: number
}

const rsa = (hash: string): Algorithm => ({ hash, keyType: 'rsa', padding: constants.RSA_PKCS1_PADDING })
const pss = (hash: string): Algorithm => ({ hash, keyType: 'rsa', padding: constants.RSA_PKCS1_PSS_PADDING })
const ecdsa = (hash: string, curve: string): Algorithm => ({ hash, keyType: 'ec', curve })

const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: pss('sha256'),
  PS384: pss('sha384'),
  PS512: pss('sha512'),
  ES256: ecdsa('sha256', 'prime256v1'),
  ES384: ecdsa('sha384', 'secp384r1'),
  ES512: ecdsa('sha512', 'secp521r1'),
}

/** The names of the signatures that can be checked. */
export const signingAlgorithms: readonly string[] = Object.keys(algorithms)

/** Whether `key` made the token's signature, by the algorithm that the token's header names. */
export function isSignedBy({ header, signed, signature }: DecodedToken, key: KeyObject): boolean {
  const name = typeof header.alg === 'string' ? header.alg : ''
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined
  if (!algorithm || key.asymmetricKeyType !== algorithm.keyType) return false
  const { hash, curve, padding } = algorithm
  if (curve && key.asymmetricKeyDetails?.namedCurve !== curve) return false
  const how = padding
    ? { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : // Two numbers side by side, not DER.
      { key, dsaEncoding: 'ieee-p1363' as const }
  try {
    return verify(hash, signed, how, signature)
  } catch {
    return false
  }
}
