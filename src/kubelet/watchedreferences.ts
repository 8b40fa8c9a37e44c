// ConfigMaps and Secrets that mounted volumes show: each is watched as long as a Pod has it, so that a change
// reaches the files at once (upstream's watch-based managers); tokens are kept until they have to be renewed.
import type { ConfigMap, Pod, Secret } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { secrets } from '../api/resources/core/secret.ts'
import type { Client } from '../client/client.ts'
import { Informer } from '../client/informer.ts'
import type { Clock } from '../component/clock.ts'
import type { References, TokenRequest } from './references.ts'
import { volumeReferences } from './volumes/index.ts'

export interface WatchedReferencesOptions {
  readonly client: Client
  readonly clock: Clock
  /** For what no volume shows, and where tokens come from. */
  readonly references: References
}

interface Watched {
  readonly informer: Informer<KubeObject>
  readonly uids: Set<string>
}

interface KeptToken {
  readonly token: Promise<string | undefined>
  readonly renewMs: number
}

const resourceOf = { ConfigMap: configMaps, Secret: secrets } as const
type Kind = keyof typeof resourceOf

/** A server that does not answer is asked in another way. */
const syncTimeoutMs = 5000
/** As upstream: after four fifths of its time, and at the latest after a day. */
const renewalShare = 0.8
const longestMs = 86_400_000

export class WatchedReferences implements References {
  readonly #options: WatchedReferencesOptions
  readonly #watched = new Map<string, Watched>()
  readonly #tokens = new Map<string, Map<string, KeptToken>>()
  #listener: (uid: string) => void = () => undefined

  constructor(options: WatchedReferencesOptions) {
    this.#options = options
  }

  /** The listener is told the uid of a Pod whose volumes may show something new. */
  onChange(listener: (uid: string) => void): void {
    this.#listener = listener
  }

  /** Follows what the Pod's volumes show, from now on. */
  watch(pod: Pod): void {
    const { uid = '', namespace = '' } = pod.metadata
    for (const { kind, name } of volumeReferences(pod)) {
      const key = `${kind}/${namespace}/${name}`
      const known = this.#watched.get(key) ?? this.#open(kind, key, { namespace, name })
      known.uids.add(uid)
    }
  }

  #open(kind: Kind, key: string, { namespace, name }: { namespace: string; name: string }): Watched {
    const { client, clock } = this.#options
    const resource = resourceOf[kind] as unknown as Resource<KubeObject>
    const fieldSelector = `metadata.name=${name}`
    const informer = new Informer<KubeObject>({ client, clock, resource, namespace, fieldSelector })
    const watched: Watched = { informer, uids: new Set() }
    const tell = () => {
      if (informer.hasSynced) for (const uid of watched.uids) this.#listener(uid)
    }
    informer.addHandlers({ add: tell, update: tell, delete: tell })
    informer.start()
    this.#watched.set(key, watched)
    return watched
  }

  /** The Pod is gone. */
  forget(uid: string): void {
    this.#tokens.delete(uid)
    for (const [key, { informer, uids }] of this.#watched) {
      if (!uids.delete(uid) || uids.size > 0) continue
      this.#watched.delete(key)
      void informer.stop()
    }
  }

  async stop(): Promise<void> {
    const all = [...this.#watched.values()]
    this.#watched.clear()
    await Promise.all(all.map(({ informer }) => informer.stop()))
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#find('ConfigMap', { namespace, name }) as Promise<ConfigMap | undefined>
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#find('Secret', { namespace, name }) as Promise<Secret | undefined>
  }

  async #find(kind: Kind, { namespace, name }: { namespace: string; name: string }) {
    const { clock, references } = this.#options
    const watched = this.#watched.get(`${kind}/${namespace}/${name}`)
    if (watched && !watched.informer.hasSynced) {
      const giveUp = new AbortController()
      const late = clock.sleep(syncTimeoutMs, giveUp.signal).catch(() => undefined)
      await Promise.race([watched.informer.synced, late])
      giveUp.abort()
    }
    if (watched?.informer.hasSynced) return watched.informer.get(`${namespace}/${name}`)
    return kind === 'ConfigMap' ? references.configMap(namespace, name) : references.secret(namespace, name)
  }

  serviceAccountToken(request: TokenRequest): Promise<string | undefined> {
    const { clock, references } = this.#options
    const uid = request.pod.metadata.uid ?? ''
    const key = `${request.audience ?? ''}/${request.expirationSeconds}`
    const ofPod = this.#tokens.get(uid) ?? new Map<string, KeptToken>()
    this.#tokens.set(uid, ofPod)
    const known = ofPod.get(key)
    if (known && known.renewMs > clock.now()) return known.token
    const lifeMs = Math.min(request.expirationSeconds * 1000 * renewalShare, longestMs)
    const fresh = { token: references.serviceAccountToken(request), renewMs: clock.now() + lifeMs }
    ofPod.set(key, fresh)
    fresh.token.catch(() => {
      if (ofPod.get(key) === fresh) ofPod.delete(key)
    })
    return fresh.token
  }

  /** When one of the Pod's tokens has to be renewed, in milliseconds since the epoch; Infinity: never. */
  renewalMs(uid: string): number {
    const tokens = [...(this.#tokens.get(uid)?.values() ?? [])]
    return Math.min(Number.POSITIVE_INFINITY, ...tokens.map(({ renewMs }) => renewMs))
  }
}
