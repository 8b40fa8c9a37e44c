// Hands the events of a commit to the watchers they concern. A watcher of one namespace, one name or one
// value of a field is found through an index, so that a thousand kubelets, each watching its own node's
// Pods, cost no more than one.
import type { StoredEvent } from './registry.ts'
import type { Stored } from './stored.ts'

/** A change of one object; is itself the event that watchers without selectors get. */
export class Change implements StoredEvent {
  readonly type: StoredEvent['type']
  readonly stored: Stored
  /** The state before, absent for ADDED. For DELETED it is `stored` with its own revision. */
  readonly previous: Stored | undefined
  /** Bytes that it keeps alive, about. */
  readonly size: number
  #appearing: StoredEvent | undefined
  #vanishing: StoredEvent | undefined

  constructor(type: StoredEvent['type'], stored: Stored, previous: Stored | undefined) {
    this.type = type
    this.stored = stored
    this.previous = previous
    this.size = stored.size + (previous?.size ?? 0) + 256
  }

  /**
   * What a watcher with this selector sees of the change: an object may come into its view and leave it.
   */
  seenBy(selects: (stored: Stored) => boolean): StoredEvent | undefined {
    const now = this.type !== 'DELETED' && selects(this.stored)
    const before = this.previous !== undefined && selects(this.previous)
    if (now) {
      if (this.type === 'ADDED' || before) return this
      this.#appearing ??= { type: 'ADDED', stored: this.stored }
      return this.#appearing
    }
    if (!before) return undefined
    if (this.type === 'DELETED') return this
    this.#vanishing ??= { type: 'DELETED', stored: this.previous!.at(this.stored.revision) }
    return this.#vanishing
  }
}

/** The value that an index files an object under. */
export type IndexKey = (stored: Stored) => string

export interface Subscriber {
  /** Only objects that this index files under this value now or before concern it; absent: all. */
  readonly scope?: { readonly index: string; readonly value: string; readonly keyOf: IndexKey }
  readonly selects?: (stored: Stored) => boolean
  /** Must not throw. The array may be shared with others. */
  receive(events: readonly StoredEvent[]): void
}

interface Index {
  readonly keyOf: IndexKey
  readonly byValue: Map<string, Set<Subscriber>>
}

export class Dispatcher {
  /** Those that see everything. */
  readonly #plain = new Set<Subscriber>()
  readonly #selecting = new Set<Subscriber>()
  readonly #indexes = new Map<string, Index>()

  get size(): number {
    let size = this.#plain.size + this.#selecting.size
    for (const { byValue } of this.#indexes.values()) {
      for (const subscribers of byValue.values()) size += subscribers.size
    }
    return size
  }

  /** Whether anybody watches at all. */
  get idle(): boolean {
    return this.#plain.size === 0 && this.#selecting.size === 0 && this.#indexes.size === 0
  }

  add(subscriber: Subscriber): void {
    const { scope, selects } = subscriber
    if (!scope) {
      ;(selects ? this.#selecting : this.#plain).add(subscriber)
      return
    }
    let index = this.#indexes.get(scope.index)
    if (!index) {
      index = { keyOf: scope.keyOf, byValue: new Map() }
      this.#indexes.set(scope.index, index)
    }
    const known = index.byValue.get(scope.value)
    if (known) known.add(subscriber)
    else index.byValue.set(scope.value, new Set([subscriber]))
  }

  delete(subscriber: Subscriber): void {
    const { scope } = subscriber
    if (!scope) {
      this.#plain.delete(subscriber)
      this.#selecting.delete(subscriber)
      return
    }
    const index = this.#indexes.get(scope.index)
    const subscribers = index?.byValue.get(scope.value)
    if (!index || !subscribers?.delete(subscriber) || subscribers.size > 0) return
    index.byValue.delete(scope.value)
    if (index.byValue.size === 0) this.#indexes.delete(scope.index)
  }

  deliver(changes: readonly Change[]): void {
    if (this.idle) return
    const batches = new Map<Subscriber, StoredEvent[]>()
    for (const change of changes) {
      for (const subscriber of this.#selecting) offer(subscriber, change, batches)
      for (const { keyOf, byValue } of this.#indexes.values()) {
        const now = keyOf(change.stored)
        for (const subscriber of byValue.get(now) ?? []) offer(subscriber, change, batches)
        const before = change.previous ? keyOf(change.previous) : now
        if (before === now) continue
        for (const subscriber of byValue.get(before) ?? []) offer(subscriber, change, batches)
      }
    }
    for (const subscriber of [...this.#plain]) subscriber.receive(changes)
    for (const [subscriber, events] of batches) subscriber.receive(events)
  }
}

function offer(subscriber: Subscriber, change: Change, batches: Map<Subscriber, StoredEvent[]>): void {
  const event = subscriber.selects ? change.seenBy(subscriber.selects) : change
  if (!event) return
  const batch = batches.get(subscriber)
  if (batch) batch.push(event)
  else batches.set(subscriber, [event])
}
