// Tokens of an OpenID Connect issuer: whose name and groups the claims of an ID token give, once it is known
// to be the issuer's, for this cluster, and in time. Follows OpenID Connect Core 1.0, section 3.1.3.7, and
// upstream's plugin/pkg/authenticator/token/oidc.
import type { Clock } from '../../../component/clock.ts'
import type { Logger } from '../../../component/log.ts'
import type { User } from '../../registry/registry.ts'
import { type Claims, type DecodedToken, decodeToken, isSignedBy } from '../jwt.ts'
import { type TokenAuthenticator, TokenError } from '../tokenverifier.ts'
import { type FetchJSON, jsonFetcher } from './fetchjson.ts'
import { IssuerKeys } from './issuerkeys.ts'

export interface OIDCOptions {
  /** `https://issuer.example`, as tokens spell it. */
  readonly issuerURL: string
  /** Where its configuration is, when not below the issuer. */
  readonly discoveryURL?: string
  /** A token for this cluster names one of them. */
  readonly audiences: readonly string[]
  /** Default `sub`. */
  readonly usernameClaim?: string
  /** Default: none for `email`, the issuer and `#` for every other claim. */
  readonly usernamePrefix?: string
  readonly uidClaim?: string
  readonly groupsClaim?: string
  readonly groupsPrefix?: string
  /** Claims that a token must have, and their values. */
  readonly requiredClaims?: Readonly<Record<string, string>>
  /** PEM: who vouches for the issuer's address. Default: the authorities that Node knows. */
  readonly ca?: string
  /** Default RS256. */
  readonly signingAlgs?: readonly string[]
}

export interface OIDCServices {
  readonly clock: Clock
  readonly log: Logger
  readonly fetchJSON?: FetchJSON
}

/** Clocks of issuers may be ahead. */
const notBeforeLeewaySeconds = 300

const refuse = (why: string): never => {
  throw new TokenError(`oidc: ${why}`)
}

const quoted = (value: unknown) => JSON.stringify(value) ?? 'nothing'

function checkClaims(claims: Claims, options: OIDCOptions, nowSeconds: number): void {
  const { aud, exp, nbf } = claims
  const { audiences, requiredClaims = {} } = options
  const named = [aud].flat()
  if (!audiences.some(audience => named.includes(audience))) {
    refuse(`expected audience ${audiences.map(quoted).join(' or ')} got ${quoted(aud)}`)
  }
  if (typeof exp !== 'number') refuse('the token does not say when it expires')
  if ((exp as number) < nowSeconds) refuse(`token is expired since ${nowSeconds - (exp as number)} s`)
  if (nbf !== undefined && !(Number(nbf) <= nowSeconds + notBeforeLeewaySeconds)) {
    refuse('token is not valid yet')
  }
  for (const [name, value] of Object.entries(requiredClaims)) {
    if (!Object.hasOwn(claims, name)) refuse(`required claim ${name} not present in ID token`)
    if (claims[name] !== value) {
      refuse(`required claim ${name} value does not match. Got = ${quoted(claims[name])}, want = ${value}`)
    }
  }
}

function nameOf(claims: Claims, options: OIDCOptions): string {
  const { usernameClaim = 'sub', usernamePrefix, issuerURL } = options
  const name = Object.hasOwn(claims, usernameClaim) ? claims[usernameClaim] : undefined
  if (typeof name !== 'string' || name === '') return refuse(`claim ${quoted(usernameClaim)} is not a name`)
  if (
    usernameClaim === 'email' &&
    Object.hasOwn(claims, 'email_verified') &&
    claims.email_verified !== true
  ) {
    refuse('email not verified')
  }
  const usual = usernameClaim === 'email' ? '' : `${issuerURL}#`
  return `${usernamePrefix ?? usual}${name}`
}

function groupsOf(claims: Claims, { groupsClaim, groupsPrefix = '' }: OIDCOptions): string[] {
  if (!groupsClaim || !Object.hasOwn(claims, groupsClaim)) return []
  const groups = [claims[groupsClaim]].flat()
  if (!groups.every(group => typeof group === 'string')) {
    return refuse(`claim ${quoted(groupsClaim)} is neither a group nor a list of groups`)
  }
  return groups.map(group => `${groupsPrefix}${group}`)
}

function uidOf(claims: Claims, { uidClaim }: OIDCOptions): { uid?: string } {
  if (!uidClaim || !Object.hasOwn(claims, uidClaim)) return {}
  const uid = claims[uidClaim]
  return typeof uid === 'string' ? { uid } : refuse(`claim ${quoted(uidClaim)} is no uid`)
}

function userOf(claims: Claims, options: OIDCOptions): User {
  const { jti } = claims
  const extra =
    typeof jti === 'string' && jti !== ''
      ? { extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] } }
      : {}
  const name = nameOf(claims, options)
  return { name, ...uidOf(claims, options), groups: groupsOf(claims, options), ...extra }
}

/** Asks the issuer nothing before the first token of its comes. */
export function oidcTokens(options: OIDCOptions, services: OIDCServices): TokenAuthenticator {
  const { issuerURL, discoveryURL, ca, signingAlgs = ['RS256'] } = options
  const { clock, log, fetchJSON = jsonFetcher(ca ? { ca } : {}) } = services
  const onProblem = (error: string) => log.warn('cannot learn the keys of the OIDC issuer', { error })
  const keys = new IssuerKeys({ issuer: issuerURL, discoveryURL, clock, fetchJSON, onProblem })

  async function checkSignature(token: DecodedToken): Promise<void> {
    const { alg, kid } = token.header
    if (typeof alg !== 'string' || !signingAlgs.includes(alg)) {
      refuse(`id token signed with unsupported algorithm, expected ${quoted(signingAlgs)} got ${quoted(alg)}`)
    }
    const candidates = await keys.keysFor(typeof kid === 'string' ? kid : undefined)
    const isSigned = candidates.some(
      ({ algorithm, key }) => (algorithm === undefined || algorithm === alg) && isSignedBy(token, key),
    )
    if (!isSigned) refuse('failed to verify id token signature')
  }

  return async text => {
    const token = decodeToken(text)
    if (!token || token.claims.iss !== issuerURL) return undefined
    await checkSignature(token)
    checkClaims(token.claims, options, clock.now() / 1000)
    return userOf(token.claims, options)
  }
}
