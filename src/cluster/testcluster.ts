// A cluster for test suites: in memory, in this process, with controllers, a scheduler and simulated nodes;
// as many side by side as a suite wants. It can be filled from YAML, waited for by watches, taken back to a
// snapshot between tests, and its time can be moved ahead.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { resources } from '../api/resources/index.ts'
import { isAlreadyExists } from '../api/status.ts'
import type { User } from '../apiserver/registry/registry.ts'
import type { Client, ObjectReference } from '../client/client.ts'
import { waitForObject } from '../client/waitfor.ts'
import { JumpingClock } from '../component/clock.ts'
import { openMemoryStore } from '../storage/memory.ts'
import { restoreSnapshot, type StoreSnapshot, takeSnapshot } from '../storage/snapshot.ts'
import type { Store } from '../storage/store.ts'
import { type Cluster, startCluster } from './cluster.ts'
import type { ClusterOptions } from './config.ts'

export interface TestClusterOptions extends Omit<ClusterOptions, 'name' | 'runtime' | 'store'> {
  /** Created once the cluster is ready: objects, or YAML with one or more documents. */
  readonly objects?: string | readonly KubeObject[]
}

export interface WaitOptions {
  /** Default 10 s, in real time. */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 10_000

export class TestCluster implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #store: Store
  readonly #stateRoot: string
  /** The cluster's time: `await clock.advance(ms)` moves it ahead, for leases, TTLs and schedules. */
  readonly clock: JumpingClock

  private constructor(cluster: Cluster, parts: { store: Store; stateRoot: string; clock: JumpingClock }) {
    this.#cluster = cluster
    this.#store = parts.store
    this.#stateRoot = parts.stateRoot
    this.clock = parts.clock
  }

  /**
   * Starts a cluster with one node, or as the options say; resolves when it is ready. Throws ConfigError for
   * options that cannot be.
   *
   * @example
   * await using cluster = await TestCluster.start({ ipFamilies: ['IPv6', 'IPv4'], nodes: 3 })
   */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const { objects, ...settings } = options
    const stateRoot = mkdtempSync(join(tmpdir(), 'futago-test-'))
    const clock = new JumpingClock()
    const store = openMemoryStore({ clock })
    try {
      const config = { securePort: 0, ...settings, runtime: 'simulated' } as const
      const cluster = await startCluster(config, { stateRoot, clock, store })
      const made = new TestCluster(cluster, { store, stateRoot, clock })
      if (objects) await made.apply(objects)
      return made
    } catch (error) {
      rmSync(stateRoot, { recursive: true, force: true })
      throw error
    }
  }

  /** As the administrator, in process. */
  get client(): Client {
    return this.#cluster.client
  }

  /** `https://127.0.0.1:41234`, for clients of any language. */
  get server(): string {
    return this.#cluster.server
  }

  /** The administrator's, as YAML. */
  get kubeconfig(): string {
    return this.#cluster.kubeconfig
  }

  /** A file with it; it goes when the cluster stops. */
  get kubeconfigPath(): string {
    return this.#cluster.kubeconfigPath
  }

  /** As somebody else, in process: what they may do is up to their roles. */
  clientAs(user: User): Client {
    return this.#cluster.clientAs(user)
  }

  /** Creates objects, or replaces those that exist; resolves with them as they are then, in order. */
  async apply(objects: string | readonly KubeObject[]): Promise<KubeObject[]> {
    const wanted = typeof objects === 'string' ? await parseObjects(objects) : objects
    const applied: KubeObject[] = []
    for (const object of wanted) applied.push(await this.#apply(object))
    return applied
  }

  async #apply(object: KubeObject): Promise<KubeObject> {
    const resource = resourceOf(object)
    const metadata = resource.namespaced
      ? { ...object.metadata, namespace: object.metadata.namespace ?? 'default' }
      : object.metadata
    try {
      return await this.client.create(resource, { ...object, metadata })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const { namespace, name = '' } = metadata
      const current = await this.client.get(resource, { ...(namespace ? { namespace } : {}), name })
      const { resourceVersion } = current.metadata
      return this.client.update(resource, { ...object, metadata: { ...metadata, resourceVersion } })
    }
  }

  /**
   * Resolves with the object as soon as it is as wanted, by watch; by default as soon as it exists. Rejects
   * when it takes too long.
   */
  async waitFor<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectReference,
    options: WaitOptions & { readonly until?: (object: T) => boolean } = {},
  ): Promise<T> {
    const { until = () => true, ...rest } = options
    const found = await this.#wait(resource, target, {
      ...rest,
      until: object => object !== undefined && until(object),
    })
    return found!
  }

  /** Resolves as soon as there is no such object (any more). */
  async waitUntilGone<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectReference,
    options: WaitOptions = {},
  ): Promise<void> {
    await this.#wait(resource, target, { ...options, until: object => object === undefined })
  }

  #wait<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectReference,
    { timeoutMs = defaultTimeoutMs, until }: WaitOptions & { until: (object: T | undefined) => boolean },
  ): Promise<T | undefined> {
    return waitForObject({ client: this.client, clock: this.clock, resource, ...target, timeoutMs, until })
  }

  /** Everything in the cluster as it is now. */
  snapshot(): Promise<StoreSnapshot> {
    return takeSnapshot(this.#store)
  }

  /**
   * Takes everything back to a snapshot, in the time it takes to write what differs. Clients see deletions
   * and changes as events; controllers that are at work may write once more before they notice.
   */
  async restore(snapshot: StoreSnapshot): Promise<void> {
    await restoreSnapshot(this.#store, snapshot)
  }

  /** Ends everything and removes the files. */
  async stop(): Promise<void> {
    await this.#cluster.stop()
    rmSync(this.#stateRoot, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

async function parseObjects(text: string): Promise<KubeObject[]> {
  const { loadAll } = await import('js-yaml')
  const documents: unknown[] = []
  loadAll(text, document => documents.push(document))
  return documents
    .filter(document => document !== null && document !== undefined)
    .flatMap(document => {
      const object = document as KubeObject & { readonly items?: KubeObject[] }
      return object.kind === 'List' ? (object.items ?? []) : [object]
    })
}

function resourceOf({ apiVersion = '', kind = '' }: KubeObject): Resource {
  const resource = resources.find(known => known.apiVersion === apiVersion && known.kind === kind)
  if (resource) return resource
  throw new Error(
    `Cannot apply ${kind || 'an object'}: there is no ${kind} in ${apiVersion || 'no apiVersion'}`,
  )
}
