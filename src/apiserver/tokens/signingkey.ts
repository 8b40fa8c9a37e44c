// The key that ServiceAccount tokens are signed with: JSON Web Tokens (RFC 7519) with ES256 (RFC 7518), and
// the public half as a JSON Web Key (RFC 7517).
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

export type Claims = Readonly<Record<string, unknown>>

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Claims) : undefined
  } catch {
    return undefined
  }
}

/** ES256 signatures are two numbers side by side, not DER. */
const dsaEncoding = 'ieee-p1363'

export class SigningKey {
  readonly #private: KeyObject
  readonly #public: KeyObject
  /** Names the key in tokens: the hash of its public half, as upstream has it. */
  readonly id: string

  /** `pem`: an ECDSA P-256 key, PKCS #8. */
  constructor(pem: string) {
    this.#private = createPrivateKey(pem)
    this.#public = createPublicKey(this.#private)
    const der = this.#public.export({ type: 'spki', format: 'der' })
    this.id = createHash('sha256').update(der).digest('base64url')
  }

  get jwk() {
    const { kty, crv, x, y } = this.#public.export({ format: 'jwk' })
    return { use: 'sig', kty, kid: this.id, alg: 'ES256', crv, x, y }
  }

  sign(claims: Claims): string {
    const text = `${encode({ alg: 'ES256', kid: this.id })}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(text), { key: this.#private, dsaEncoding })
    return `${text}.${signature.toString('base64url')}`
  }

  /** The claims of a token that this key signed. */
  verify(token: string): Claims | undefined {
    const [header = '', payload = '', signature = '', ...more] = token.split('.')
    if (more.length > 0) return undefined
    const { alg, kid } = decode(header) ?? {}
    if (alg !== 'ES256' || (kid !== undefined && kid !== this.id)) return undefined
    const signed = Buffer.from(`${header}.${payload}`)
    const bytes = Buffer.from(signature, 'base64url')
    if (!verify('sha256', signed, { key: this.#public, dsaEncoding }, bytes)) return undefined
    return decode(payload)
  }
}
