// Keeps something in memory in step with all keys below a prefix: reads them, then follows what changes;
// when the store cuts it off, it reads them again.
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import { type Entry, type Store, StoreError, type StoreEvent, type StoreWatch } from '../../storage/store.ts'

export interface FollowOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
}

export interface Follower {
  readonly prefix: string
  /** All there is. Called at the start, and again after a gap. */
  reset(entries: readonly Entry[]): void
  apply(events: readonly StoreEvent[]): void
}

const retryDelayMs = 1000

export class StoreFollower {
  readonly #options: FollowOptions
  readonly #follower: Follower
  readonly #closing = new AbortController()
  #watch: StoreWatch | undefined

  constructor(options: FollowOptions, follower: Follower) {
    this.#options = options
    this.#follower = follower
  }

  async open(): Promise<void> {
    const { store } = this.#options
    const { prefix } = this.#follower
    const { entries, revision } = await store.list({ prefix })
    this.#follower.reset(entries)
    this.#watch = await store.watch({
      prefix,
      afterRevision: revision,
      onEvents: events => this.#follower.apply(events),
      onEnd: error => void this.#reopen(error),
    })
    if (this.#closing.signal.aborted) this.#watch.close()
  }

  close(): void {
    this.#closing.abort()
    this.#watch?.close()
  }

  async #reopen(error: StoreError): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted && error.code !== 'Closed') {
      log.warn('reading from the store again', { prefix: this.#follower.prefix, error: error.message })
      try {
        await clock.sleep(retryDelayMs, signal)
        return await this.open()
      } catch (cause) {
        error = cause instanceof StoreError ? cause : new StoreError('Unavailable', String(cause), { cause })
      }
    }
  }
}
