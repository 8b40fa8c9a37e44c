// The newest events of a store that keeps them elsewhere, for watches that begin a little in the past.
import type { StoreEvent } from './store.ts'

interface Batch {
  readonly revision: number
  readonly events: readonly StoreEvent[]
  readonly bytes: number
}

export interface EventLogLimits {
  readonly events: number
  readonly bytes: number
}

const defaultLimits: EventLogLimits = { events: 10_000, bytes: 16 * 1024 * 1024 }

export class EventLog {
  readonly #limits: EventLogLimits
  #batches: Batch[] = []
  /** Where in `#batches` the oldest one is that still counts. */
  #first = 0
  #start: number
  #revision: number
  #events = 0
  #bytes = 0

  /** Nothing is known of what came up to `revision`. */
  constructor(revision: number, limits = defaultLimits) {
    this.#start = revision
    this.#revision = revision
    this.#limits = limits
  }

  /** Everything up to here has been added. */
  get revision(): number {
    return this.#revision
  }

  /** Everything after this revision is known. */
  get start(): number {
    return this.#start
  }

  /** The next revision, and what happened at it. */
  add(revision: number, events: readonly StoreEvent[]): void {
    this.#revision = revision
    if (events.length === 0) return
    const bytes = events.reduce(
      (sum, event) => sum + event.value.length + (event.previous?.value.length ?? 0),
      0,
    )
    this.#batches.push({ revision, events, bytes })
    this.#events += events.length
    this.#bytes += bytes
    while (this.#events > this.#limits.events || this.#bytes > this.#limits.bytes) this.#drop()
  }

  /** Forgets what happened up to a revision. */
  forget(revision: number): void {
    while (this.#first < this.#batches.length && this.#batches[this.#first]!.revision <= revision)
      this.#drop()
    this.#start = Math.max(this.#start, Math.min(revision, this.#revision))
  }

  /** What happened after a revision to the keys with a prefix; undefined when that is not all known. */
  after(revision: number, prefix: string): StoreEvent[] | undefined {
    if (revision < this.#start) return undefined
    let low = this.#first
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    const found: StoreEvent[] = []
    for (; low < this.#batches.length; low++) {
      for (const event of this.#batches[low]!.events) if (event.key.startsWith(prefix)) found.push(event)
    }
    return found
  }

  #drop(): void {
    const { revision, events, bytes } = this.#batches[this.#first]!
    this.#first++
    this.#events -= events.length
    this.#bytes -= bytes
    this.#start = revision
    if (this.#first > 1024 && this.#first * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#first)
      this.#first = 0
    }
  }
}
