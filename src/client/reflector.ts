// Follows one resource of an API server: a list, then a watch from the list's resourceVersion, and a new
// list when the watch has fallen too far behind. Keeps nothing itself. Delays as client-go's reflector:
// 0.8 s, doubling up to 30 s.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { isExpired } from '../api/status.ts'
import type { TransportWatchEvent, WatchHandle } from '../api/transport.ts'
import type { Clock } from '../component/clock.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import type { Client } from './client.ts'

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Client
  readonly resource: Resource<T>
  readonly clock: Clock
  readonly log?: Logger
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Everything there is at this revision; called again after a gap. */
  onList(items: readonly T[], revision: number): void
  /** Without bookmarks. */
  onEvents(events: readonly TransportWatchEvent<T>[]): void
}

export const revisionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion ?? 0)

const firstBackoffMs = 800
const lastBackoffMs = 30_000
/** A watch that ends sooner than this, and brought nothing, counts as a failure. */
const shortestWatchMs = 1000

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>
  readonly #log: Logger
  readonly #stopping = new AbortController()
  #revision = 0
  #hasListed = false
  #running: Promise<void> | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#log = options.log ?? silentLogger
  }

  /** The revision up to which everything was delivered; 0 before the first list. */
  get revision(): number {
    return this.#revision
  }

  /** Calling it again changes nothing. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Nothing is delivered after this. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('The reflector stops'))
    await this.#running
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
        const { resource } = this.#options.resource
        this.#log.debug('the watch is interrupted', { resource, error: String(error) })
      }
      if (this.#stopping.signal.aborted) return
      // The first relist after a watch that had been up to date is not delayed; repeated ones are.
      if (this.#revision === 0 && this.#hasListed && backoffMs === firstBackoffMs) {
        backoffMs += 1
        continue
      }
      const jitteredMs = backoffMs * (1 + Math.random())
      backoffMs = Math.min(backoffMs * 2, lastBackoffMs)
      await clock.sleep(jitteredMs, this.#stopping.signal).catch(() => undefined)
    }
  }

  async #list(): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options
    const list = await client.list(resource, { namespace, labelSelector, fieldSelector })
    if (this.#stopping.signal.aborted) return
    const revision = Number(list.metadata.resourceVersion ?? 0)
    this.#revision = revision
    this.#hasListed = true
    this.#options.onList(list.items, revision)
  }

  async #watch(): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options
    let handle: WatchHandle | undefined
    const signal = this.#stopping.signal
    if (signal.aborted) return
    let onAbort: () => void = () => undefined
    const selection = { namespace, labelSelector, fieldSelector, resourceVersion: String(this.#revision) }
    try {
      await new Promise<void>((resolve, reject) => {
        onAbort = resolve
        signal.addEventListener('abort', onAbort, { once: true })
        const handlers = {
          onEvents: (events: readonly TransportWatchEvent<T>[]) => this.#apply(events),
          onEnd: (error?: unknown) => (error === undefined ? resolve() : reject(error)),
        }
        client.watch(resource, { ...selection, allowWatchBookmarks: true }, handlers).then(opened => {
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
    let hasBookmark = false
    for (const { type, object } of events) {
      const revision = revisionOf(object)
      if (revision > this.#revision) this.#revision = revision
      hasBookmark ||= type === 'BOOKMARK'
    }
    const changes = hasBookmark ? events.filter(({ type }) => type !== 'BOOKMARK') : events
    if (changes.length > 0) this.#options.onEvents(changes)
  }
}
