// The key that ServiceAccount tokens are signed with: JSON Web Tokens (RFC 7519) with ES256 (RFC 7518), and
// the public half as a JSON Web Key (RFC 7517).
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { type Claims, decodeToken, isSignedBy } from './jwt.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

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
    const decoded = decodeToken(token)
    if (!decoded) return undefined
    const { alg, kid } = decoded.header
    if (alg !== 'ES256' || (kid !== undefined && kid !== this.id)) return undefined
    return isSignedBy(decoded, this.#public) ? decoded.claims : undefined
  }
}
