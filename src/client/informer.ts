// A local, always current copy of one resource's objects: lists, then watches from the list's
// resourceVersion, as client-go's reflector and indexer do. Objects are those the transport delivered,
// shared by everybody: never change them. Own writes may be noted, so that a reconcile reads what it wrote
// before the watch brings it.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { TransportWatchEvent } from '../api/transport.ts'
import type { Clock } from '../component/clock.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import type { Client } from './client.ts'
import { type IndexFunction, ObjectIndexes } from './objectindexes.ts'
import { Reflector, revisionOf } from './reflector.ts'

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

export class Informer<T extends KubeObject> {
  readonly resource: Resource<T>
  readonly #options: InformerOptions<T>
  readonly #log: Logger
  readonly #objects = new Map<string, T>()
  readonly #indexes: ObjectIndexes<T>
  readonly #handlers: InformerHandlers<T>[] = []
  readonly #reflector: Reflector<T>
  #hasSynced = false
  #resolveSynced: () => void = () => undefined
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
    this.#reflector = new Reflector<T>({
      ...options,
      onList: (items, revision) => this.#replace(items, revision),
      onEvents: events => this.#apply(events),
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
    return this.#reflector.revision === 0 ? '' : String(this.#reflector.revision)
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
    this.#reflector.start()
  }

  /** No handler is called after this; what was known stays readable. */
  async stop(): Promise<void> {
    this.#handlers.length = 0
    this.#resolveSynced()
    await this.#reflector.stop()
  }

  /**
   * Takes over the answer to a write of our own, unless the watch has already brought it or something
   * newer. Informers with a selector ignore it: they cannot know whether the object belongs to them.
   */
  noteWrite(object: KubeObject): void {
    const { labelSelector, fieldSelector, namespace } = this.#options
    if (!this.#hasSynced || labelSelector || fieldSelector || namespace) return
    const revision = revisionOf(object)
    if (!(revision > this.#reflector.revision)) return
    if (object.metadata.name && object.metadata.uid) this.#put(object as T, revision)
  }

  #replace(items: readonly T[], revision: number): void {
    const gone = new Set(this.#objects.keys())
    for (const object of items) {
      gone.delete(keyOf(object))
      this.#put(object, revisionOf(object))
    }
    for (const key of gone) {
      const object = this.#objects.get(key)
      if (object && revisionOf(object) <= revision) this.#remove(key)
    }
    if (this.#hasSynced) return
    this.#hasSynced = true
    this.#resolveSynced()
  }

  #apply(events: readonly TransportWatchEvent<T>[]): void {
    for (const { type, object } of events) {
      const revision = revisionOf(object)
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
