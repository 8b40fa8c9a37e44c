// Tokens of ServiceAccounts, bound to an audience, a time and an object (KEP-1205): issued for TokenRequests
// and told apart from forgeries, expired ones and those whose object is gone (upstream's pkg/serviceaccount).
import { randomUUID } from 'node:crypto'
import type { KubeObject } from '../../api/object.ts'
import { isNotFound } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import type { RegistryLookup, User } from '../registry/registry.ts'
import type { Claims } from './jwt.ts'
import { holdsToken, type SecretTokenContents, secretTokenContents } from './secrettokens.ts'
import { SigningKey } from './signingkey.ts'
import { TokenError, type TokenVerifier, type Verified } from './tokenverifier.ts'

export interface ServiceAccountTokensOptions {
  /** ECDSA P-256, PEM. */
  readonly key: string
  /** The URL that tokens name as their maker, and the audience of those that name none. */
  readonly issuer: string
}

interface Named {
  readonly name: string
  readonly uid: string
}

export interface TokenContents {
  readonly namespace: string
  readonly account: Named
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  readonly bound?: { readonly kind: BoundKind; readonly object: Named; readonly node?: Partial<Named> }
}

export type BoundKind = 'pod' | 'secret' | 'node'

interface Private {
  readonly namespace: string
  readonly serviceaccount: Named
  readonly pod?: Named
  readonly secret?: Named
  readonly node?: Partial<Named>
}

/** Kubelets ask for this long, and clients that never read the file again get a year (KEP-2799). */
const warnedSeconds = 3607
const yearSeconds = 365 * 24 * 3600
/** An object that is being deleted still counts for this long after its time. */
const deletionLeewayMs = 60_000

const resourceOf = { pod: 'pods', secret: 'secrets', node: 'nodes' } as const
const boundKinds = ['pod', 'secret', 'node'] as const

const credential = 'authentication.kubernetes.io'

export class ServiceAccountTokens implements TokenVerifier {
  readonly #key: SigningKey
  readonly #clock: Clock
  readonly #lookup: RegistryLookup
  readonly issuer: string

  constructor(options: ServiceAccountTokensOptions, services: { clock: Clock; lookup: RegistryLookup }) {
    this.#key = new SigningKey(options.key)
    this.#clock = services.clock
    this.#lookup = services.lookup
    this.issuer = options.issuer
  }

  get jwks() {
    return { keys: [this.#key.jwk] }
  }

  issue(contents: TokenContents): { readonly token: string; readonly expiresMs: number } {
    const { namespace, account, audiences, expirationSeconds, bound } = contents
    const now = Math.floor(this.#clock.now() / 1000)
    const isExtended = expirationSeconds === warnedSeconds && audiences.includes(this.issuer)
    const { kind, object, node } = bound ?? {}
    const token = this.#key.sign({
      aud: audiences,
      exp: now + (isExtended ? yearSeconds : expirationSeconds),
      iat: now,
      iss: this.issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        ...(node ? { node } : {}),
        ...(kind && object ? { [kind]: object } : {}),
        serviceaccount: account,
        ...(isExtended ? { warnafter: now + expirationSeconds } : {}),
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${account.name}`,
    })
    return { token, expiresMs: (now + expirationSeconds) * 1000 }
  }

  /** Throws TokenError for a token of ours that is out of time, for others, or of something that is gone. */
  async verify(token: string, audiences: readonly string[] = [this.issuer]): Promise<Verified | undefined> {
    const claims = this.#key.verify(token)
    if (!claims) return undefined
    const kept = secretTokenContents(claims)
    if (kept) return this.#verifyKept(token, kept, audiences)
    const contents = claims['kubernetes.io'] as Private | undefined
    if (claims.iss !== this.issuer || !contents) return undefined
    const named = claims.aud as readonly string[]
    const meant = named.filter(audience => audiences.includes(audience))
    if (meant.length === 0) {
      const [own, wanted] = [named, audiences].map(goList)
      throw new TokenError(`token audiences ${own} is invalid for the target audiences ${wanted}`)
    }
    this.#checkTime(claims)
    if (!(await this.#exists(contents))) throw new TokenError('service account token has been invalidated')
    return { user: userOf(claims, contents), audiences: meant }
  }

  #checkTime({ exp, nbf }: Claims): void {
    const now = this.#clock.now() / 1000
    if (!(Number(exp) > now)) throw new TokenError('service account token has expired')
    if (!(Number(nbf) <= now)) throw new TokenError('service account token is not valid yet')
  }

  async #verifyKept(
    token: string,
    kept: SecretTokenContents,
    audiences: readonly string[],
  ): Promise<Verified | undefined> {
    const { namespace, secretName, account } = kept
    if (!audiences.includes(this.issuer)) return undefined
    const secret = await this.#find('secrets', namespace, secretName)
    if (!secret || !holdsToken(secret.object, token)) return undefined
    if (!(await this.#isThere('serviceaccounts', namespace, account))) return undefined
    return { user: accountUser(namespace, account), audiences: [this.issuer] }
  }

  async #exists(contents: Private): Promise<boolean> {
    const { namespace, serviceaccount } = contents
    if (!(await this.#isThere('serviceaccounts', namespace, serviceaccount))) return false
    const kind = boundKinds.find(name => contents[name])
    if (!kind) return true
    const object = contents[kind] as Named
    return this.#isThere(resourceOf[kind], kind === 'node' ? '' : namespace, object)
  }

  async #isThere(resource: string, namespace: string, { name, uid }: Named): Promise<boolean> {
    return (await this.#find(resource, namespace, name))?.uid === uid
  }

  /** Undefined also for what is being deleted. */
  async #find(resource: string, namespace: string, name: string) {
    const context = { user: { name: 'system:apiserver', groups: ['system:masters'] }, warn: () => undefined }
    try {
      const stored = await this.#lookup('', 'v1', resource)?.get(context, namespace, name)
      return stored && this.#lives(stored.object) ? stored : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #lives({ metadata }: KubeObject): boolean {
    if (!metadata.deletionTimestamp) return true
    return Date.parse(metadata.deletionTimestamp) + deletionLeewayMs > this.#clock.now()
  }
}

/** As Go prints a list of strings. */
const goList = (texts: readonly string[]) => `[${texts.map(text => JSON.stringify(text)).join(' ')}]`

function userOf(claims: Claims, { namespace, serviceaccount, pod, node }: Private): User {
  const extra = {
    [`${credential}/credential-id`]: [`JTI=${String(claims.jti)}`],
    ...(node?.name ? { [`${credential}/node-name`]: [node.name] } : {}),
    ...(node?.uid ? { [`${credential}/node-uid`]: [node.uid] } : {}),
    ...(pod ? { [`${credential}/pod-name`]: [pod.name], [`${credential}/pod-uid`]: [pod.uid] } : {}),
  }
  return { ...accountUser(namespace, serviceaccount), extra }
}

const accountUser = (namespace: string, { name, uid }: Named): User => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  uid,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
})
