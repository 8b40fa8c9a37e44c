// ConfigMaps and Secrets that Pods refer to: fetched when a Pod needs them and remembered for a moment, so
// that thousands of Pods of one namespace cost one request, and an idle kubelet holds none.
import type { ConfigMap, Pod, Secret } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { secrets } from '../api/resources/core/secret.ts'
import { isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { Clock } from '../component/clock.ts'

export interface TokenRequest {
  readonly pod: Pod
  readonly audience?: string
  readonly expirationSeconds: number
}

export interface References {
  /** Undefined: there is none. */
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>
  secret(namespace: string, name: string): Promise<Secret | undefined>
  /** A token for the Pod's ServiceAccount; undefined where none are issued. */
  serviceAccountToken(request: TokenRequest): Promise<string | undefined>
}

/** How tokens are had; absent where the API server issues none. */
export type TokenProvider = References['serviceAccountToken']

export interface ClientReferencesOptions {
  readonly client: Client
  readonly clock: Clock
  readonly tokens?: TokenProvider
}

const keepMs = 5000
const keepMissingMs = 200
const mostKept = 1000

interface Kept {
  readonly object: Promise<KubeObject | undefined>
  until: number
}

export class ClientReferences implements References {
  readonly #options: ClientReferencesOptions
  readonly #kept = new Map<string, Kept>()

  constructor(options: ClientReferencesOptions) {
    this.#options = options
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#get(configMaps, namespace, name)
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#get(secrets, namespace, name)
  }

  async serviceAccountToken(request: TokenRequest): Promise<string | undefined> {
    return this.#options.tokens?.(request)
  }

  #get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined> {
    const { clock } = this.#options
    const key = `${resource.resource}/${namespace}/${name}`
    const known = this.#kept.get(key)
    if (known && known.until > clock.now()) return known.object as Promise<T | undefined>
    const object = this.#fetch(resource, namespace, name)
    if (this.#kept.size >= mostKept) this.#kept.clear()
    const kept: Kept = { object, until: clock.now() + keepMs }
    this.#kept.set(key, kept)
    object.then(
      found => {
        if (!found) kept.until = clock.now() + keepMissingMs
      },
      () => this.#kept.delete(key),
    )
    return object
  }

  async #fetch<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    try {
      return await this.#options.client.get(resource, { namespace, name })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}
