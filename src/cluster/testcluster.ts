// A cluster for test suites: in memory, in this process, with controllers, a scheduler and simulated nodes;
// as many side by side as a suite wants. It can be filled from YAML, waited for by watches, taken back to a
// snapshot between tests, and its time can be moved ahead.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { User } from '../apiserver/registry/registry.ts'
import type { Client, ObjectReference } from '../client/client.ts'
import { WaitTimeout, waitForObject } from '../client/waitfor.ts'
import { waitForList } from '../client/waitforlist.ts'
import { JumpingClock, nextTurn, systemClock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import { openMemoryStore } from '../storage/memory.ts'
import { restoreSnapshot, type StoreSnapshot, takeSnapshot } from '../storage/snapshot.ts'
import { type Store, StoreError } from '../storage/store.ts'
import { type Cluster, startCluster } from './cluster.ts'
import type { ClusterOptions } from './config.ts'
import { applyObject, parseObjects } from './fixtures.ts'
import { describeLast } from './lastseen.ts'

/** An object of any kind, with its apiVersion and kind; checked when it is applied. */
export type AppliedObject = KubeObject | Readonly<Record<string, unknown>>

export interface TestClusterOptions extends Omit<ClusterOptions, 'name' | 'runtime' | 'store'> {
  /** Created once the cluster is ready: objects, or YAML with one or more documents. */
  readonly objects?: string | readonly AppliedObject[]
  /** What the cluster's parts have to say. Default: nowhere. */
  readonly log?: Logger
}

export interface WaitOptions {
  /** Default 10 s, in real time, whatever the cluster's clock does. */
  readonly timeoutMs?: number
}

export interface ListSelection {
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

const defaultTimeoutMs = 10_000

/** So often what differs is written, with so many turns of the event loop for others to notice. */
const restoreAttempts = 4
const restoreTurns = 3

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

export class TestCluster implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #store: Store
  #stopped: Promise<void> | undefined
  /** The cluster's time: `await clock.advance(ms)` moves it ahead, for leases, TTLs and schedules. */
  readonly clock: JumpingClock

  private constructor(cluster: Cluster, parts: { store: Store; clock: JumpingClock }) {
    this.#cluster = cluster
    this.#store = parts.store
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
    const { objects, log, ...settings } = options
    const clock = new JumpingClock()
    const store = openMemoryStore({ clock })
    const config = { securePort: 0, ...settings, runtime: 'simulated' } as const
    const cluster = await startCluster(config, { clock, store, ...(log ? { log } : {}) })
    const made = new TestCluster(cluster, { store, clock })
    try {
      if (objects) await made.apply(objects)
      return made
    } catch (error) {
      await made.stop()
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

  /** A file with it, made when it is asked for; it goes when the cluster stops. */
  get kubeconfigPath(): string {
    return this.#cluster.kubeconfigPath
  }

  /** As somebody else, in process: what they may do is up to their roles. */
  clientAs(user: User): Client {
    return this.#cluster.clientAs(user)
  }

  /**
   * Creates objects, or replaces those that exist, with their status where they bring one; resolves with them
   * as they are then, in order.
   */
  async apply(objects: string | readonly AppliedObject[]): Promise<KubeObject[]> {
    const wanted = typeof objects === 'string' ? await parseObjects(objects) : (objects as KubeObject[])
    const applied: KubeObject[] = []
    for (const object of wanted) applied.push(await applyObject(this.client, object))
    return applied
  }

  /**
   * Resolves with the object as soon as it is as wanted, by watch; by default as soon as it exists. When
   * that takes too long it rejects and shows the object as last seen.
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

  /**
   * Resolves with the objects as soon as they are together as wanted: so many Pods Ready, no EndpointSlice
   * left.
   *
   * @example
   * await cluster.waitForList(pods, { labelSelector: 'app=web', until: pods => pods.length === 3 })
   */
  async waitForList<T extends KubeObject>(
    resource: Resource<T>,
    options: WaitOptions & ListSelection & { readonly until: (objects: readonly T[]) => boolean },
  ): Promise<T[]> {
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    const target = { ...options, client: this.client, clock: systemClock, resource, timeoutMs }
    return waitForList(target).catch(error => this.#explain(error, resource))
  }

  #wait<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectReference,
    { timeoutMs = defaultTimeoutMs, until }: WaitOptions & { until: (object: T | undefined) => boolean },
  ): Promise<T | undefined> {
    const { namespace, name } = target
    const where = { ...(namespace ? { namespace } : {}), name }
    const wait = { client: this.client, clock: systemClock, resource, ...where, timeoutMs, until }
    return waitForObject(wait).catch(error => this.#explain(error, resource))
  }

  /** A wait that took too long says what it saw. */
  async #explain(error: unknown, resource: Resource): Promise<never> {
    if (!(error instanceof WaitTimeout)) throw error
    throw new WaitTimeout(`${error.message}; ${await describeLast(resource, error.last)}`, error.last)
  }

  /** Everything in the cluster as it is now. */
  snapshot(): Promise<StoreSnapshot> {
    return takeSnapshot(this.#store)
  }

  /**
   * Takes everything back to a snapshot, in the time it takes to write what differs; time itself goes on.
   * Clients see deletions and changes as events. What controllers write on the way, before they have seen
   * them, is taken back too.
   */
  async restore(snapshot: StoreSnapshot): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const changed = await restoreSnapshot(this.#store, snapshot).catch(error => {
        if (error instanceof StoreError && attempt < restoreAttempts) return undefined
        throw error
      })
      if (changed === 0 || attempt >= restoreAttempts) return
      await turns(restoreTurns)
    }
  }

  /** Ends everything; calling it again changes nothing. */
  stop(): Promise<void> {
    this.#stopped ??= this.#cluster.stop()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
