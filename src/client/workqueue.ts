// A queue of keys for level-based work, with the semantics of client-go's util/workqueue: a key waits at
// most once, is never worked on twice at the same time, and comes back later with exponentially growing
// delays when its work failed.
import type { Clock, Timer } from '../component/clock.ts'

/** Told what happens to keys, for who measures it. */
export interface QueueMeter<K = string> {
  added(key: K): void
  retried(): void
  taken(key: K): void
  done(key: K): void
  closed(): void
}

export interface WorkQueueOptions<K = string> {
  readonly clock: Clock
  readonly meter?: QueueMeter<K> | undefined
  /** The first retry's delay; each further one doubles it. Default 5 ms. */
  readonly baseDelayMs?: number
  /** Default 1,000 s. */
  readonly maxDelayMs?: number
}

interface Delayed {
  readonly due: number
  readonly timer: Timer
}

/** Keys are compared as Map compares them: use strings, or objects that are shared. */
export class WorkQueue<K = string> {
  readonly #clock: Clock
  readonly #meter: QueueMeter<K> | undefined
  readonly #baseDelayMs: number
  readonly #maxDelayMs: number
  #waiting: K[] = []
  #head = 0
  readonly #dirty = new Set<K>()
  readonly #processing = new Set<K>()
  readonly #delayed = new Map<K, Delayed>()
  readonly #failures = new Map<K, number>()
  readonly #takers: ((key: K | undefined) => void)[] = []
  #shuttingDown = false
  #drained: (() => void) | undefined

  constructor(options: WorkQueueOptions<K>) {
    this.#clock = options.clock
    this.#meter = options.meter
    this.#baseDelayMs = options.baseDelayMs ?? 5
    this.#maxDelayMs = options.maxDelayMs ?? 1_000_000
  }

  /** Keys that wait to be taken; neither those being worked on nor the delayed ones. */
  get length(): number {
    return this.#waiting.length - this.#head
  }

  get shuttingDown(): boolean {
    return this.#shuttingDown
  }

  /** A key that is being worked on is handed out again only after `done`. */
  add(key: K): void {
    if (this.#shuttingDown || this.#dirty.has(key)) return
    this.#dirty.add(key)
    this.#meter?.added(key)
    if (!this.#processing.has(key)) this.#push(key)
  }

  /** Adds the key when the delay is over; of several delays for one key the soonest counts. */
  addAfter(key: K, delayMs: number): void {
    if (delayMs <= 0) this.add(key)
    if (delayMs <= 0 || this.#shuttingDown) return
    const due = this.#clock.now() + delayMs
    const pending = this.#delayed.get(key)
    if (pending && pending.due <= due) return
    pending?.timer.cancel()
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { due, timer })
  }

  /** Adds the key after a delay that doubles with every call until `forget`; returns the delay. */
  addRateLimited(key: K): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#meter?.retried()
    const delayMs = Math.min(this.#baseDelayMs * 2 ** failures, this.#maxDelayMs)
    this.addAfter(key, delayMs)
    return delayMs
  }

  /** The key's work has succeeded, or is given up: its next failure starts with the shortest delay. */
  forget(key: K): void {
    this.#failures.delete(key)
  }

  /** How often the key was added rate-limited since it was last forgotten. */
  retries(key: K): number {
    return this.#failures.get(key) ?? 0
  }

  /**
   * Waits for a key; undefined once the queue is shut down and empty. Call `done` when finished with it.
   */
  take(): Promise<K | undefined> {
    if (this.length > 0) return Promise.resolve(this.#shift())
    if (this.#shuttingDown) return Promise.resolve(undefined)
    return new Promise(resolve => this.#takers.push(resolve))
  }

  done(key: K): void {
    this.#processing.delete(key)
    this.#meter?.done(key)
    if (this.#dirty.has(key)) this.#push(key)
    else if (this.#processing.size === 0) this.#drained?.()
  }

  /** Takes no more keys and forgets those that wait; resolves when nothing is being worked on any more. */
  shutDown(): Promise<void> {
    this.#shuttingDown = true
    this.#meter?.closed()
    for (const { timer } of this.#delayed.values()) timer.cancel()
    this.#delayed.clear()
    this.#waiting = []
    this.#head = 0
    this.#dirty.clear()
    for (const resolve of this.#takers.splice(0)) resolve(undefined)
    if (this.#processing.size === 0) return Promise.resolve()
    return new Promise(resolve => {
      const before = this.#drained
      this.#drained = () => {
        before?.()
        resolve()
      }
    })
  }

  #push(key: K): void {
    const taker = this.#takers.shift()
    if (taker) {
      this.#begin(key)
      taker(key)
    } else {
      this.#waiting.push(key)
    }
  }

  #shift(): K {
    const key = this.#waiting[this.#head++] as K
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    this.#begin(key)
    return key
  }

  #begin(key: K): void {
    this.#dirty.delete(key)
    this.#processing.add(key)
    this.#meter?.taken(key)
  }
}
