// One resource's objects in memory, kept current by a watch on the store: every read but those of the past
// is served from here. Loaded at first use. Follows upstream's pkg/storage/cacher in what a client can see.
import type { KubeObject } from '../../api/object.ts'
import {
  type Store,
  StoreError,
  type StoreEvent,
  type StoreWatch,
  type WriteOperation,
} from '../../storage/store.ts'
import { Change, Dispatcher, type Subscriber } from './dispatch.ts'
import { EventRing } from './eventring.ts'
import { ObjectIndex } from './objectindex.ts'
import type { Codec, Stored } from './stored.ts'

export interface WatchCacheOptions {
  readonly store: Store
  readonly prefix: string
  readonly codec: Codec
  /** The store's watch broke; those who watch here have to begin again. */
  readonly onLost: (error: StoreError) => void
}

/** What the store remembers of a time that the cache has forgotten. */
export interface Recalled {
  readonly changes: readonly Change[]
  /** Nothing is missing up to this revision. */
  readonly upTo: number
}

export class WatchCache {
  readonly #options: WatchCacheOptions
  readonly #dispatcher = new Dispatcher()
  /** What our own writes wrote, so that their events need not be parsed. */
  readonly #written = new Map<Buffer, KubeObject>()
  #objects = new ObjectIndex()
  /** Kept in another form than a write would give them. */
  readonly #stale = new WeakSet<Stored>()
  #ring = new EventRing(0)
  #revision = 0
  #lastChange = 0
  #loading: Promise<StoreWatch> | undefined
  #isLoaded = false
  #loads = 0
  #closed = false

  constructor(options: WatchCacheOptions) {
    this.#options = options
  }

  /** Everything up to this revision is known. */
  get revision(): number {
    return this.#revision
  }

  /** The revision at which an object of this resource changed last. */
  get lastChange(): number {
    return this.#lastChange
  }

  /** How often the objects have been read anew: more than once after a lost watch. */
  get loads(): number {
    return this.#loads
  }

  get size(): number {
    return this.#objects.size
  }

  get isLoaded(): boolean {
    return this.#isLoaded
  }

  /** Resolves when the objects are in memory: at once, but for the first time. */
  async load(): Promise<void> {
    if (this.#isLoaded) return
    this.#loading ??= this.#load()
    try {
      await this.#loading
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }

  /** Resolves when everything is known that was written before the call; returns a revision that is. */
  async current(): Promise<number> {
    if (!this.#isLoaded) await this.load()
    const revision = await this.#options.store.progress()
    if (!this.#isLoaded) await this.load()
    if (revision > this.#revision) this.#revision = revision
    return this.#revision
  }

  get(namespace: string, name: string): Stored | undefined {
    return this.#objects.get(namespace, name)
  }

  /** Whether writing the object again, unchanged, would change how the store keeps it. */
  isStale(stored: Stored): boolean {
    return this.#stale.has(stored)
  }

  /** In the order of keys; shared, never change it. */
  list(namespace?: string): readonly Stored[] {
    return this.#objects.list(namespace)
  }

  /** The changes after a revision; undefined when they are no longer all known. */
  changesAfter(revision: number): readonly Change[] | undefined {
    return this.#ring.after(revision)
  }

  /** The changes after a revision, from the store's history; undefined when that has forgotten them too. */
  async recall(revision: number): Promise<Recalled | undefined> {
    const { store, prefix } = this.#options
    const events: StoreEvent[] = []
    let ended = false
    let watch: StoreWatch | undefined
    try {
      watch = await store.watch({
        prefix,
        afterRevision: revision,
        withPrevious: true,
        onEvents: batch => void events.push(...batch),
        onEnd: () => {
          ended = true
        },
      })
      const known = await store.progress()
      if (ended) return undefined
      const upTo = Math.max(known, events.at(-1)?.revision ?? 0)
      return { changes: events.map(event => this.#recalled(event)), upTo }
    } catch (error) {
      if (error instanceof StoreError && error.code === 'Compacted') return undefined
      throw error
    } finally {
      watch?.close()
    }
  }

  #recalled({ type, value, revision, previous }: StoreEvent): Change {
    const { codec } = this.#options
    const before = previous && codec.decode(previous.value, previous.revision)
    if (type === 'delete') return new Change('DELETED', codec.decode(value, revision), before)
    return new Change(before ? 'MODIFIED' : 'ADDED', codec.decode(value, revision), before)
  }

  get oldestRevision(): number {
    return this.#ring.oldest
  }

  subscribe(subscriber: Subscriber): void {
    this.#dispatcher.add(subscriber)
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#dispatcher.delete(subscriber)
  }

  /**
   * Writes; when it resolves, the cache shows what was written. `announced` is the object that one of the
   * values encodes: its event needs no parsing.
   */
  async write(
    operations: readonly WriteOperation[],
    announced?: { readonly value: Buffer; readonly object: KubeObject },
  ): Promise<number> {
    if (announced) this.#written.set(announced.value, announced.object)
    try {
      return await this.#options.store.write(operations)
    } finally {
      if (announced) this.#written.delete(announced.value)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const loading = this.#loading
    if (loading) (await loading.catch(() => undefined))?.close()
  }

  async #load(): Promise<StoreWatch> {
    const { store, prefix, codec } = this.#options
    const { entries, revision } = await store.list({ prefix })
    const objects = new ObjectIndex()
    for (const entry of entries) {
      const stored = codec.decode(entry.value, entry.revision)
      if (entry.stale) this.#stale.add(stored)
      objects.set(stored)
    }
    this.#objects = objects
    this.#ring = new EventRing(revision)
    this.#revision = revision
    this.#lastChange = revision
    const watch = await store.watch({
      prefix,
      afterRevision: revision,
      onEvents: events => this.#receive(events),
      onEnd: error => this.#lose(error),
    })
    if (this.#closed) {
      watch.close()
      throw new StoreError('Closed', 'Cannot load the objects: the API server is stopping')
    }
    this.#isLoaded = true
    this.#loads++
    return watch
  }

  #lose(error: StoreError): void {
    this.#isLoaded = false
    this.#loading = undefined
    this.#options.onLost(error)
  }

  #receive(events: readonly StoreEvent[]): void {
    const changes = events.map(event => this.#apply(event))
    this.#dispatcher.deliver(changes)
  }

  #apply(event: StoreEvent): Change {
    const { codec } = this.#options
    const { revision, value } = event
    this.#revision = revision
    this.#lastChange = revision
    let change: Change
    if (event.type === 'delete') {
      const last = this.#find(event) ?? codec.decode(value, revision)
      this.#objects.delete(last.namespace, last.name)
      change = new Change('DELETED', last.at(revision), last)
    } else {
      const object = this.#written.get(value)
      const stored = codec.decode(value, revision, object)
      if (object && !this.#dispatcher.idle) stored.remember(object)
      if (event.stale) this.#stale.add(stored)
      const previous = this.#objects.get(stored.namespace, stored.name)
      this.#objects.set(stored)
      change = new Change(previous ? 'MODIFIED' : 'ADDED', stored, previous)
    }
    this.#ring.push(change)
    return change
  }

  #find({ key }: StoreEvent): Stored | undefined {
    const relative = key.slice(this.#options.prefix.length)
    const slash = relative.indexOf('/')
    return slash < 0
      ? this.#objects.get('', relative)
      : this.#objects.get(relative.slice(0, slash), relative.slice(slash + 1))
  }
}
