// Events live for an hour after they were last written, as upstream's --event-ttl has it; without that they
// would fill the store. The store knows no leases: a sweep every minute deletes what is due.
import type { Timer } from '../../component/clock.ts'
import { StoreError } from '../../storage/store.ts'
import type { Subscriber } from './dispatch.ts'
import type { StoredObject } from './registry.ts'
import { keyIn, type RegistryScope } from './scope.ts'

export const eventTTLMs = 3_600_000
const sweepIntervalMs = 60_000

interface Due {
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly atMs: number
}

export class Expiry {
  readonly #scope: RegistryScope
  readonly #ttlMs: number
  /** In order of time; an object that was written again stands here again. */
  #queue: Due[] = []
  #timer: Timer | undefined
  /** Which of the cache's loads the queue was made after. */
  #loads = 0
  readonly #subscriber: Subscriber = {
    receive: events => {
      for (const { type, stored } of events) if (type !== 'DELETED') this.#enqueue(stored)
    },
  }

  constructor(scope: RegistryScope, ttlMs = eventTTLMs) {
    this.#scope = scope
    this.#ttlMs = ttlMs
    this.#schedule()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#scope.cache.unsubscribe(this.#subscriber)
  }

  #schedule(): void {
    this.#timer = this.#scope.clock.after(sweepIntervalMs, async () => {
      await this.sweep().catch(error => {
        this.#scope.log.warn('cannot delete expired objects', { error: String(error) })
      })
      if (this.#timer) this.#schedule()
    })
  }

  /** Deletes what is due; what somebody has written meanwhile stays. */
  async sweep(): Promise<void> {
    const { cache, clock, store } = this.#scope
    await cache.load()
    if (this.#loads !== cache.loads) this.#begin()
    const nowMs = clock.now()
    let count = 0
    while (count < this.#queue.length && this.#queue[count]!.atMs <= nowMs) count++
    const due = this.#queue.slice(0, count)
    this.#queue = this.#queue.slice(count)
    const expired = due.filter(
      ({ namespace, name, revision }) => cache.get(namespace, name)?.revision === revision,
    )
    await Promise.all(
      expired.map(({ namespace, name, revision }) =>
        store
          .write([{ type: 'delete', key: keyIn(this.#scope, namespace, name), expectedRevision: revision }])
          .catch(ignoreRaces),
      ),
    )
  }

  /** What came while the cache was cut off from the store is due as if it came now. */
  #begin(): void {
    const { cache } = this.#scope
    const known = new Set(this.#queue.map(({ revision }) => revision))
    for (const stored of cache.list()) if (!known.has(stored.revision)) this.#enqueue(stored)
    if (this.#loads === 0) cache.subscribe(this.#subscriber)
    this.#loads = cache.loads
  }

  #enqueue({ namespace, name, revision }: StoredObject): void {
    this.#queue.push({ namespace, name, revision, atMs: this.#scope.clock.now() + this.#ttlMs })
  }
}

function ignoreRaces(error: unknown): void {
  const isRace = error instanceof StoreError && (error.code === 'Conflict' || error.code === 'NotFound')
  if (!isRace) throw error
}
