// The keys that an issuer of tokens signs with: found by OpenID Connect Discovery when the first token comes,
// kept, and fetched again when a token names a key that is not among them (the issuer changed its keys) or
// when they are old. However many tokens come, the issuer is not asked more often than every ten seconds.
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../../../component/clock.ts'
import { TokenError } from '../tokenverifier.ts'
import type { FetchJSON } from './fetchjson.ts'

export interface IssuerKey {
  readonly id: string | undefined
  /** The only algorithm that it is for, when it says so. */
  readonly algorithm: string | undefined
  readonly key: KeyObject
}

const leastIntervalMs = 10_000
const longestKeptMs = 3_600_000

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {})

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** Keys for other purposes, or of kinds that are not known here, are left out. */
function readKeys(document: unknown): IssuerKey[] {
  const { keys } = fieldsOf(document)
  if (!Array.isArray(keys)) throw new Error('the document has no keys')
  return keys.map(fieldsOf).flatMap(jwk => {
    if (jwk.use !== undefined && jwk.use !== 'sig') return []
    try {
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      return [{ id: textOf(jwk.kid), algorithm: textOf(jwk.alg), key }]
    } catch {
      return []
    }
  })
}

export interface IssuerKeysOptions {
  readonly issuer: string
  /** Where its configuration is, when not below the issuer. */
  readonly discoveryURL?: string | undefined
  readonly clock: Clock
  readonly fetchJSON: FetchJSON
  /** Told when the issuer cannot be asked. */
  readonly onProblem: (message: string) => void
}

export class IssuerKeys {
  readonly #options: IssuerKeysOptions
  #keys: readonly IssuerKey[] = []
  #problem: string | undefined
  #asked: number | undefined
  #learned: number | undefined
  #asking: Promise<void> | undefined

  constructor(options: IssuerKeysOptions) {
    this.#options = options
  }

  /** The keys that may have signed a token whose header names `id`. Throws TokenError. */
  async keysFor(id: string | undefined): Promise<readonly IssuerKey[]> {
    const known = this.#matching(id)
    if (known.length > 0 && this.#msSince(this.#learned) <= longestKeptMs) return known
    if (this.#asking || this.#msSince(this.#asked) >= leastIntervalMs) {
      this.#asking ??= this.#fetch()
      await this.#asking
    }
    if (this.#keys.length === 0 && this.#problem) throw new TokenError(`oidc: ${this.#problem}`)
    return this.#matching(id)
  }

  #matching(id: string | undefined): readonly IssuerKey[] {
    return id === undefined ? this.#keys : this.#keys.filter(key => key.id === id || key.id === undefined)
  }

  #msSince(time: number | undefined): number {
    return time === undefined ? Number.POSITIVE_INFINITY : this.#options.clock.monotonic() - time
  }

  /** Keys that were known stay when the issuer does not answer. */
  async #fetch(): Promise<void> {
    const { clock, onProblem } = this.#options
    this.#asked = clock.monotonic()
    try {
      this.#keys = await this.#discover()
      this.#learned = clock.monotonic()
      this.#problem = undefined
    } catch (error) {
      this.#problem = (error as Error).message
      onProblem(this.#problem)
    } finally {
      this.#asking = undefined
    }
  }

  async #discover(): Promise<readonly IssuerKey[]> {
    const { issuer, discoveryURL, fetchJSON } = this.#options
    const url = discoveryURL ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const { issuer: named, jwks_uri: keysURL } = fieldsOf(await fetchJSON(url))
    if (named !== issuer) {
      throw new Error(
        `${url} is about the issuer ${JSON.stringify(named)}, expected ${JSON.stringify(issuer)}`,
      )
    }
    if (typeof keysURL !== 'string') throw new Error(`${url} has no jwks_uri`)
    return readKeys(await fetchJSON(keysURL))
  }
}
