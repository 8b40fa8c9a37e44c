// Whose token is it? Each kind of token is known to somebody else; together they answer for requests and for
// TokenReviews (upstream's k8s.io/apiserver pkg/authentication/token/union).
import type { User } from '../registry/registry.ts'

export interface Verified {
  readonly user: User
  /** Those that were asked for and that the token is meant for. */
  readonly audiences: readonly string[]
}

export interface TokenVerifier {
  /**
   * Undefined for what it does not know or accept. `audiences`: for whom; absent: this server. Throws
   * TokenError.
   */
  verify(token: string, audiences?: readonly string[]): Promise<Verified | undefined>
}

/** A token of a known kind that is not accepted: `message` says why, to who may know. */
export class TokenError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TokenError'
  }
}

/** For tokens that are meant for this server alone. Throws TokenError. */
export type TokenAuthenticator = (token: string) => Promise<User | undefined> | User | undefined

/** `own`: the audiences that this server goes by. */
export const verifierOf = (
  authenticate: TokenAuthenticator,
  own: readonly string[] | undefined,
): TokenVerifier => ({
  async verify(token, audiences) {
    const meant = audiences && own ? own.filter(audience => audiences.includes(audience)) : (own ?? [])
    if (own && meant.length === 0) return undefined
    const user = await authenticate(token)
    return user && { user, audiences: meant }
  },
})

/** Asks one after the other; throws the first TokenError when nobody accepts the token. */
export const anyOf = (verifiers: readonly TokenVerifier[]): TokenVerifier => ({
  async verify(token, audiences) {
    let refusal: TokenError | undefined
    for (const verifier of verifiers) {
      try {
        const verified = await verifier.verify(token, audiences)
        if (verified) return verified
      } catch (error) {
        if (!(error instanceof TokenError)) throw error
        refusal ??= error
      }
    }
    if (refusal) throw refusal
    return undefined
  },
})
