// Keys of the store whose existence means that something is taken: one per IPAddress, one per node port.
// The store lets a key be created only once, so two servers can never give out the same thing; this keeps a
// mirror of the keys in memory, and what writes under way are about to add, so that asking costs nothing.
import type { Entry, StoreEvent, WriteOperation } from '../../storage/store.ts'
import { type FollowOptions, StoreFollower } from './storefollower.ts'

/** Where one looks for something free: told which names are taken. */
export interface Pool {
  /** Also for names it already knows to be taken, and for those it knows nothing of. */
  mark(name: string): void
  unmark(name: string): void
}

export interface ClaimedKeysOptions extends FollowOptions {
  readonly prefix: string
  readonly pool: Pool
}

export class ClaimedKeys {
  readonly prefix: string
  readonly #pool: Pool
  readonly #follower: StoreFollower
  /** Name -> revision of its key. */
  readonly #stored = new Map<string, number>()
  /** Taken by a write that is under way, or whose event has not come yet. */
  readonly #pending = new Set<string>()

  constructor(options: ClaimedKeysOptions) {
    this.prefix = options.prefix
    this.#pool = options.pool
    this.#follower = new StoreFollower(options, this)
  }

  open(): Promise<void> {
    return this.#follower.open()
  }

  close(): void {
    this.#follower.close()
  }

  /** All that is taken, by a stored key or a write under way. */
  *names(): Iterable<string> {
    yield* this.#stored.keys()
    yield* this.#pending
  }

  /** Is its key known? One that another server has just written may not be yet. */
  has(name: string): boolean {
    return this.#stored.has(name)
  }

  /** Takes a name that the pool has marked already; the operation that makes it last. */
  claim(name: string, value: Buffer): WriteOperation {
    this.#pending.add(name)
    return { type: 'create', key: this.prefix + name, value }
  }

  /** The operation that gives a name back; undefined when its key is not there. */
  disclaim(name: string): WriteOperation | undefined {
    const expectedRevision = this.#stored.get(name)
    if (expectedRevision === undefined) return undefined
    return { type: 'delete', key: this.prefix + name, expectedRevision }
  }

  /** The write that was to add the name did not happen. */
  abandon(name: string): void {
    if (this.#pending.delete(name) && !this.#stored.has(name)) this.#pool.unmark(name)
  }

  reset(entries: readonly Entry[]): void {
    const found = new Set(entries.map(({ key }) => this.#nameOf(key)))
    for (const { key, revision } of entries) this.#add(this.#nameOf(key), revision)
    for (const name of [...this.#stored.keys()]) if (!found.has(name)) this.#remove(name)
  }

  apply(events: readonly StoreEvent[]): void {
    for (const { type, key, revision } of events) {
      if (type === 'delete') this.#remove(this.#nameOf(key))
      else this.#add(this.#nameOf(key), revision)
    }
  }

  #nameOf(key: string): string {
    return key.slice(this.prefix.length)
  }

  #add(name: string, revision: number): void {
    this.#pending.delete(name)
    this.#stored.set(name, revision)
    this.#pool.mark(name)
  }

  #remove(name: string): void {
    this.#stored.delete(name)
    if (!this.#pending.has(name)) this.#pool.unmark(name)
  }
}
