// A local, always current copy of one resource's objects: lists, then watches from the list's
// resourceVersion, as client-go's reflector and indexer do. Objects are those the transport delivered,
// shared by everybody: never change them. Own writes may be noted, so that a reconcile reads what it wrote
// before the watch brings it.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { isExpired } from '../api/status.ts'
import type { TransportWatchEvent, WatchHandle } from '../api/transport.ts'
import type { Clock } from '../component/clock.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import type { Client } from './client.ts'
import { type IndexFunction, ObjectIndexes } from './objectindexes.ts'

export interface InformerHandlers<T extends KubeObject> {
  /**
   * An object is new to this informer; also called for those that are known when the handlers are added.
   */
  add?(object: T): void
  update?(object: T, previous: T): void
  /** `object` is the last state; after a gap in the watch it may be an older one. */
  delete?(object: T): void
}

export interface InformerOptions<T extends KubeObject> {
  readonly client: Client
  readonly resource: Resource<T>
  readonly clock: Clock
  readonly log?: Logger
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
}

/** `namespace/name`, or `name` for a cluster-scoped object. */
export function keyOf(object: { readonly metadata: { namespace?: string; name?: string } }): string {
  const { namespace, name } = object.metadata
  return namespace ? `${namespace}/${name}` : (name ?? '')
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, Math.max(0, slash)), name: key.slice(slash + 1) }
}

const firstBackoffMs = 800
const lastBackoffMs = 30_000
/** A watch that ends sooner than this, and brought nothing, counts as a failure. */
const shortestWatchMs = 1000
const revisionOf = (object: KubeObject) => Number(object.metadata.resourceVersion ?? 0)

export class Informer<T extends KubeObject> {
  readonly resource: Resource<T>
  readonly #options: InformerOptions<T>
  readonly #log: Logger
  readonly #objects = new Map<string, T>()
  readonly #indexes: ObjectIndexes<T>
  readonly #handlers: InformerHandlers<T>[] = []
  readonly #stopping = new AbortController()
  /** The revision up to which list and watch have brought everything. */
  #revision = 0
  #hasSynced = false
  #resolveSynced: () => void = () => undefined
  #running: Promise<void> | undefined
  /**
   * Resolves when the first list is in and its handlers have been called, or when the informer is stopped.
   */
  readonly synced: Promise<void>

  constructor(options: InformerOptions<T>) {
    this.#options = options
    this.resource = options.resource
    this.#log = options.log ?? silentLogger
    this.#indexes = new ObjectIndexes(options.indexes ?? {})
    this.synced = new Promise(resolve => {
      this.#resolveSynced = resolve
    })
  }

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  get size(): number {
    return this.#objects.size
  }

  /** Empty before the first list. */
  get resourceVersion(): string {
    return this.#revision === 0 ? '' : String(this.#revision)
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  values(): IterableIterator<T> {
    return this.#objects.values()
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  /** The objects whose index function returned `value`; throws for an index that was never added. */
  byIndex(index: string, value: string): T[] {
    return this.#indexes.lookup(index, value)
  }

  /** Does nothing when an index of that name exists: informers are shared. */
  addIndex(name: string, index: IndexFunction<T>): void {
    this.#indexes.define(name, index, this.#objects.values())
  }

  /**
   * Returns a function that removes them. Handlers must be quick: they run before anything else is
   * delivered.
   */
  addHandlers(handlers: InformerHandlers<T>): () => void {
    this.#handlers.push(handlers)
    for (const object of this.#objects.values()) this.#call(() => handlers.add?.(object))
    return () => {
      const index = this.#handlers.indexOf(handlers)
      if (index >= 0) this.#handlers.splice(index, 1)
    }
  }

  /** Begins to list and watch; calling it again changes nothing. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** No handler is called after this; what was known stays readable. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('The informer stops'))
    this.#handlers.length = 0
    this.#resolveSynced()
    await this.#running
  }

  /**
   * Takes over the answer to a write of our own, unless the watch has already brought it or something
   * newer. Informers with a selector ignore it: they cannot know whether the object belongs to them.
   */
  noteWrite(object: KubeObject): void {
    const { labelSelector, fieldSelector, namespace } = this.#options
    if (!this.#hasSynced || labelSelector || fieldSelector || namespace) return
    const revision = revisionOf(object)
    if (!(revision > this.#revision)) return
    if (object.metadata.name && object.metadata.uid) this.#put(object as T, revision)
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    let backoffMs = firstBackoffMs
    while (!this.#stopping.signal.aborted) {
      const began = clock.monotonic()
      try {
        if (this.#revision === 0) await this.#list()
        const before = this.#revision
        await this.#watch()
        if (this.#revision !== before || clock.monotonic() - began >= shortestWatchMs) {
          backoffMs = firstBackoffMs
          continue
        }
      } catch (error) {
        if (isExpired(error)) this.#revision = 0
        if (clock.monotonic() - began > 4 * lastBackoffMs) backoffMs = firstBackoffMs
        this.#log.debug('the watch is interrupted', {
          resource: this.resource.resource,
          error: String(error),
        })
      }
      if (this.#stopping.signal.aborted) return
      // The first relist after a watch that had been up to date is not delayed; repeated ones are.
      if (this.#revision === 0 && this.#hasSynced && backoffMs === firstBackoffMs) {
        backoffMs += 1
        continue
      }
      const jitteredMs = backoffMs * (1 + Math.random())
      backoffMs = Math.min(backoffMs * 2, lastBackoffMs)
      await clock.sleep(jitteredMs, this.#stopping.signal).catch(() => undefined)
    }
  }

  async #list(): Promise<void> {
    const { client, namespace, labelSelector, fieldSelector } = this.#options
    const list = await client.list(this.resource, { namespace, labelSelector, fieldSelector })
    if (this.#stopping.signal.aborted) return
    const revision = Number(list.metadata.resourceVersion ?? 0)
    const gone = new Set(this.#objects.keys())
    for (const object of list.items) {
      gone.delete(keyOf(object))
      this.#put(object, revisionOf(object))
    }
    for (const key of gone) {
      const object = this.#objects.get(key)
      if (object && revisionOf(object) <= revision) this.#remove(key)
    }
    this.#revision = revision
    if (this.#hasSynced) return
    this.#hasSynced = true
    this.#resolveSynced()
  }

  async #watch(): Promise<void> {
    const { client, namespace, labelSelector, fieldSelector } = this.#options
    let handle: WatchHandle | undefined
    const signal = this.#stopping.signal
    if (signal.aborted) return
    let onAbort: () => void = () => undefined
    try {
      await new Promise<void>((resolve, reject) => {
        onAbort = resolve
        signal.addEventListener('abort', onAbort, { once: true })
        const selection = { namespace, labelSelector, fieldSelector, resourceVersion: this.resourceVersion }
        const handlers = {
          onEvents: (events: readonly TransportWatchEvent<T>[]) => this.#apply(events),
          onEnd: (error?: unknown) => (error === undefined ? resolve() : reject(error)),
        }
        client.watch(this.resource, { ...selection, allowWatchBookmarks: true }, handlers).then(opened => {
          handle = opened
          if (signal.aborted) opened.close()
        }, reject)
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
      handle?.close()
    }
  }

  #apply(events: readonly TransportWatchEvent<T>[]): void {
    if (this.#stopping.signal.aborted) return
    for (const { type, object } of events) {
      const revision = revisionOf(object)
      if (revision > this.#revision) this.#revision = revision
      if (type === 'BOOKMARK') continue
      if (type === 'DELETED') {
        const key = keyOf(object)
        const known = this.#objects.get(key)
        if (known && revisionOf(known) <= revision) this.#remove(key, object)
      } else {
        this.#put(object, revision)
      }
    }
  }

  #put(object: T, revision: number): void {
    const key = keyOf(object)
    const previous = this.#objects.get(key)
    if (previous && revisionOf(previous) >= revision) return
    this.#objects.set(key, object)
    this.#indexes.replace(object, previous)
    if (previous && previous.metadata.uid !== object.metadata.uid) {
      this.#each(handlers => handlers.delete?.(previous))
      this.#each(handlers => handlers.add?.(object))
    } else if (previous) {
      this.#each(handlers => handlers.update?.(object, previous))
    } else {
      this.#each(handlers => handlers.add?.(object))
    }
  }

  #remove(key: string, last?: T): void {
    const previous = this.#objects.get(key)
    if (!previous) return
    this.#objects.delete(key)
    this.#indexes.replace(undefined, previous)
    this.#each(handlers => handlers.delete?.(last ?? previous))
  }

  #each(notify: (handlers: InformerHandlers<T>) => void): void {
    for (const handlers of this.#handlers) this.#call(() => notify(handlers))
  }

  #call(notify: () => void): void {
    try {
      notify()
    } catch (error) {
      this.#log.error('a handler failed', { resource: this.resource.resource, error: String(error) })
    }
  }
}
