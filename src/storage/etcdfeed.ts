// The one watch of etcd that a store has, from which all of its own are given their events. It outlives lost
// connections: it goes on, perhaps with another member, after the last revision that it has told.
import type { Clock, Timer } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import type { EtcdClient } from './etcdclient.ts'
import type { EtcdKeys } from './etcdkeys.ts'
import { followEtcd } from './etcdwatch.ts'
import { EventLog } from './eventlog.ts'
import { StoreError, type StoreEvent } from './store.ts'
import type { WatchHub } from './watchhub.ts'

export interface EtcdFeedOptions {
  readonly client: EtcdClient
  readonly keys: EtcdKeys
  readonly clock: Clock
  readonly log: Logger
  readonly hub: WatchHub
  /** Where etcd is now, for a new beginning. */
  readonly newest: () => Promise<number>
  /** The very bytes of a value that this process has just written, so that they are known again. */
  readonly ownValue: (event: StoreEvent) => Buffer | undefined
}

interface Waiter {
  readonly revision: number
  readonly settle: (error?: StoreError) => void
}

/** A watch that is silent for so long, though there is something to say, begins anew at the next member. */
const stallMs = 2000
const firstPauseMs = 50
const longestPauseMs = 1000

export class EtcdFeed {
  readonly #options: EtcdFeedOptions
  readonly #stopping = new AbortController()
  #following = new AbortController()
  readonly #waiters = new Set<Waiter>()
  #log: EventLog
  #clusterID = 0
  /** When the watch last said something, or was asked to begin. */
  #heardMs = 0
  #isConnected = false
  /** It was told in the log that there is no connection. */
  #isBroken = false
  #pauseMs = firstPauseMs

  /** Events after `revision` are told once it has been started. */
  constructor(options: EtcdFeedOptions, revision: number) {
    this.#options = options
    this.#log = new EventLog(revision)
  }

  /** Everything up to here has been told. */
  get revision(): number {
    return this.#log.revision
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** What happened after a revision; undefined when that is longer ago than is kept. */
  after(revision: number, prefix: string): StoreEvent[] | undefined {
    return this.#log.after(revision, prefix)
  }

  /** Everything after this revision is kept. */
  get start(): number {
    return this.#log.start
  }

  forget(revision: number): void {
    this.#log.forget(revision)
  }

  /** Resolves when everything up to a revision has been told; throws `Unavailable` when that is late. */
  reached(revision: number, timeoutMs: number): Promise<void> {
    if (revision <= this.revision) return Promise.resolve()
    return new Promise((resolve, reject) => {
      let timer: Timer
      let stall: Timer
      const waiter: Waiter = {
        revision,
        settle: error => {
          timer.cancel()
          stall.cancel()
          this.#waiters.delete(waiter)
          if (error) reject(error)
          else resolve()
        },
      }
      this.#waiters.add(waiter)
      timer = this.#options.clock.after(timeoutMs, () => {
        const message = `Cannot see revision ${revision}: the watch of etcd has only come to ${this.revision}`
        waiter.settle(new StoreError('Unavailable', message))
      })
      const look = () => {
        const leftMs = stallMs - this.#silentMs()
        if (leftMs > 0) stall = this.#options.clock.after(leftMs, look)
        else this.#endStall(revision)
      }
      stall = this.#options.clock.after(stallMs, look)
    })
  }

  #silentMs(): number {
    return this.#options.clock.monotonic() - this.#heardMs
  }

  /** A member may keep its connection and yet tell nothing: etcd's watches have had such faults. */
  #endStall(revision: number): void {
    const message = `Cannot go on with the watch: it does not tell of revision ${revision}`
    this.#following.abort(new StoreError('Unavailable', message))
  }

  stop(error: StoreError): void {
    this.#stopping.abort()
    for (const waiter of [...this.#waiters]) waiter.settle(error)
  }

  /** Etcd is not where it was: what was known of it does not count any more. */
  restart(revision: number, error: StoreError): void {
    this.#options.log.warn('the watch of etcd begins anew', { revision, error: error.message })
    this.#log = new EventLog(revision)
    this.#clusterID = 0
    this.#following.abort()
    this.#options.hub.end(error)
    this.#settle()
  }

  /** Follows etcd until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      this.#following = new AbortController()
      this.#heardMs = this.#options.clock.monotonic()
      try {
        await this.#follow(AbortSignal.any([signal, this.#following.signal]))
        if (this.#following.signal.reason instanceof StoreError) throw this.#following.signal.reason
      } catch (error) {
        await this.#recover(error as StoreError).catch(() => undefined)
      }
      this.#isConnected = false
    }
  }

  #follow(signal: AbortSignal): Promise<void> {
    const { client, keys } = this.#options
    return followEtcd({
      client,
      keys,
      afterRevision: this.revision,
      signal,
      onMessage: () => {
        this.#heardMs = this.#options.clock.monotonic()
      },
      onCreated: clusterID => {
        if (this.#clusterID !== 0 && clusterID !== this.#clusterID) throw anotherCluster()
        this.#clusterID = clusterID
        if (this.#isBroken) this.#options.log.info('the watch of etcd goes on', { revision: this.revision })
        this.#isBroken = false
        this.#isConnected = true
        this.#pauseMs = firstPauseMs
      },
      onRevision: (revision, events) => this.#tell(revision, events),
    })
  }

  async #recover(error: StoreError): Promise<void> {
    const { clock, log, newest } = this.#options
    const { signal } = this.#stopping
    this.#isConnected = false
    if (signal.aborted) return
    if (error.code === 'Compacted') return this.restart(await newest(), error)
    if (!this.#isBroken)
      log.warn('the watch of etcd broke', { revision: this.revision, error: error.message })
    this.#isBroken = true
    await clock.sleep(this.#pauseMs, signal)
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
  }

  #tell(revision: number, events: readonly StoreEvent[]): void {
    if (revision <= this.revision) return
    const { hub, ownValue } = this.#options
    const known = events.map(event => {
      const value = event.type === 'delete' ? undefined : ownValue(event)
      return value ? { ...event, value } : event
    })
    this.#log.add(revision, known)
    if (known.length > 0) hub.deliver(known)
    this.#settle()
  }

  #settle(): void {
    for (const waiter of [...this.#waiters]) if (waiter.revision <= this.revision) waiter.settle()
  }
}

const anotherCluster = () =>
  new StoreError('Compacted', 'Cannot go on with the watch: this is another etcd cluster than before')
