// The driver for an etcd cluster, v3 over gRPC, which several API servers can share. Reads are linearizable;
// a write is one transaction; one watch of etcd feeds all watches of this store (etcdfeed.ts).
import { type Clock, systemClock } from '../component/clock.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import { Periodic } from '../component/periodic.ts'
import { etcdAPI, type KeyValue } from './etcdapi.ts'
import { EtcdClient, type EtcdTLSFiles } from './etcdclient.ts'
import { EtcdCompactor } from './etcdcompactor.ts'
import { EtcdFeed } from './etcdfeed.ts'
import { allKeys, EtcdKeys, type KeyRange } from './etcdkeys.ts'
import { writeToEtcd } from './etcdtransaction.ts'
import { followEtcd } from './etcdwatch.ts'
import {
  type Entry,
  type ListOptions,
  type ListResult,
  type Store,
  StoreError,
  type StoreEvent,
  type StoreWatch,
  type StoreWatchOptions,
  type WriteOperation,
} from './store.ts'
import { WatchHub } from './watchhub.ts'

export interface EtcdStoreOptions extends EtcdTLSFiles {
  /**
   * The store's keys start with `local`, for which `remote` stands in etcd; nothing else there is looked at.
   * Default: both empty, all keys of etcd are the store's.
   */
  readonly prefix?: { readonly local: string; readonly remote: string }
  /** How long a call may take with all its attempts. Default 5 s. */
  readonly timeoutMs?: number
  /** What is older than this is forgotten, by one of all who share the etcd. Default 5 min; 0: by nobody. */
  readonly compactionIntervalMs?: number
  readonly clock?: Clock
  readonly log?: Logger
}

const defaultTimeoutMs = 5000
const defaultCompactionIntervalMs = 300_000
/** So often it is made sure that the watch still tells what happens, also when nobody reads. */
const lookIntervalMs = 10_000
/** A write waits so long for its own event, so that who has written also sees it. */
const echoTimeoutMs = 1000

/**
 * Opens the store in the etcd with these endpoints, `http://[::1]:2379,http://[::1]:22379`. Throws StoreError
 * `Unavailable` when none of them answers.
 */
export async function openEtcdStore(endpoints: string, options: EtcdStoreOptions = {}): Promise<Store> {
  const { prefix = { local: '', remote: '' }, clock = systemClock, log = silentLogger } = options
  const { timeoutMs = defaultTimeoutMs, caFile, certFile, keyFile } = options
  const { compactionIntervalMs = defaultCompactionIntervalMs } = options
  const client = new EtcdClient({
    endpoints: endpoints.split(','),
    tls: { caFile, certFile, keyFile },
    clock,
    timeoutMs,
  })
  try {
    const keys = new EtcdKeys(prefix.local, prefix.remote)
    const revision = await readRevision(client)
    return new EtcdStore({ client, keys, clock, log, timeoutMs, compactionIntervalMs }, revision)
  } catch (error) {
    client.close()
    throw error
  }
}

async function readRevision(client: EtcdClient): Promise<number> {
  const request = { key: allKeys.key, countOnly: true }
  const { header } = await client.call(etcdAPI.range, request, reading('reach etcd'))
  return header?.revision ?? 0
}

const reading = (action: string) => ({ action, isRepeatable: true })

interface Parts {
  readonly client: EtcdClient
  readonly keys: EtcdKeys
  readonly clock: Clock
  readonly log: Logger
  readonly timeoutMs: number
  readonly compactionIntervalMs: number
}

/** A list is read in pages of about so many bytes. */
const pageBytes = 4 * 1024 * 1024
const firstPage = 100
const largestPage = 10_000

class EtcdStore implements Store {
  readonly #parts: Parts
  readonly #hub = new WatchHub()
  readonly #feed: EtcdFeed
  readonly #compactor: EtcdCompactor
  readonly #looks: Periodic
  /** Values on their way to etcd. */
  readonly #writing = new Map<string, Buffer>()
  readonly #closing = new AbortController()
  #compacted = 0
  #newestAsked: Promise<number> | undefined
  #newestNext: Promise<number> | undefined

  constructor(parts: Parts, revision: number) {
    const { client, keys, clock, log, compactionIntervalMs } = parts
    this.#parts = parts
    this.#feed = new EtcdFeed(
      {
        client,
        keys,
        clock,
        log,
        hub: this.#hub,
        newest: () => readRevision(client),
        ownValue: ({ key, value }) => {
          const own = this.#writing.get(key)
          return own?.equals(value) ? own : undefined
        },
      },
      revision,
    )
    void this.#feed.run()
    this.#compactor = new EtcdCompactor({ client, clock, log, intervalMs: compactionIntervalMs })
    this.#compactor.start()
    this.#looks = new Periodic({
      clock,
      intervalMs: lookIntervalMs,
      run: () => this.progress(),
      onError: error => log.debug('the watch of etcd is behind', { error: String(error) }),
    })
    this.#looks.start()
  }

  revision(): Promise<number> {
    return this.#guard(() => this.#newest())
  }

  get(key: string, options: { readonly revision?: number } = {}): Promise<Entry | undefined> {
    return this.#guard(async () => {
      const { client, keys } = this.#parts
      const request = { key: keys.toEtcd(key), ...options }
      const { kvs } = await client.call(etcdAPI.range, request, reading(`get ${key}`))
      return kvs[0] && this.#entryOf(kvs[0])
    })
  }

  list(options: ListOptions): Promise<ListResult> {
    return this.#guard(async () => {
      const range = this.#parts.keys.range(options.prefix, options.after)
      if (range) return this.#list(range, options)
      return { entries: [], revision: options.revision ?? (await this.#newest()), remaining: 0 }
    })
  }

  write(operations: readonly WriteOperation[]): Promise<number> {
    return this.#guard(async () => {
      const { client, keys } = this.#parts
      const values = operations.flatMap(operation =>
        operation.type === 'delete' ? [] : [[operation.key, operation.value] as const],
      )
      for (const [key, value] of values) this.#writing.set(key, value)
      const told = this.#feed.revision
      try {
        const revision = await writeToEtcd(client, operations, keys)
        this.#checkForward(told, revision)
        // The write has happened, whether or not its event comes in time.
        if (this.#feed.isConnected) await this.#feed.reached(revision, echoTimeoutMs).catch(() => undefined)
        return revision
      } finally {
        for (const [key, value] of values) if (this.#writing.get(key) === value) this.#writing.delete(key)
      }
    })
  }

  watch(options: StoreWatchOptions): Promise<StoreWatch> {
    return this.#guard(async () => {
      const { prefix } = options
      const afterRevision = options.afterRevision ?? (await this.#newest())
      if (afterRevision < this.#compacted) throw compacted(this.#compacted)
      const history: StoreEvent[] = []
      let known = this.#feed.after(afterRevision, prefix)
      for (let from = afterRevision; !known; known = this.#feed.after(from, prefix)) {
        const upTo = this.#feed.revision
        history.push(...(await this.#readHistory(from, upTo, prefix)))
        from = upTo
      }
      this.#checkOpen()
      return this.#hub.add({ ...options, afterRevision }, this.#feed.revision, [...history, ...known])
    })
  }

  progress(): Promise<number> {
    return this.#guard(async () => {
      const told = this.#feed.revision
      const revision = await this.#newest()
      this.#checkForward(told, revision)
      await this.#feed.reached(revision, this.#parts.timeoutMs)
      return revision
    })
  }

  compact(revision: number): Promise<void> {
    return this.#guard(async () => {
      try {
        const action = `compact to revision ${revision}`
        await this.#parts.client.call(etcdAPI.compact, { revision }, reading(action))
      } catch (error) {
        if (error instanceof StoreError && error.code === 'Compacted') return
        throw error
      }
      this.#compacted = Math.max(this.#compacted, revision)
      this.#feed.forget(revision)
    })
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#compactor.stop()
    this.#looks.stop()
    this.#feed.stop(closedError())
    this.#parts.client.close()
    this.#hub.end(closedError())
  }

  /**
   * Etcd's newest revision. Calls that come while it is asked for share the next answer, or that one's
   * failure: nobody waits for two that fail.
   */
  #newest(): Promise<number> {
    if (!this.#newestAsked) {
      this.#newestAsked = readRevision(this.#parts.client).finally(() => {
        this.#newestAsked = undefined
      })
      return this.#newestAsked
    }
    this.#newestNext ??= this.#newestAsked
      .finally(() => {
        this.#newestNext = undefined
      })
      .then(() => this.#newest())
    return this.#newestNext
  }

  /** Whether etcd, asked after `told` had been told, is still where it was: it may have lost something. */
  #checkForward(told: number, revision: number): void {
    // Others may have seen it before.
    const isNews = this.#feed.revision >= told
    if (revision < told && isNews) this.#feed.restart(revision, wentBack(told, revision))
  }

  async #list(range: KeyRange, { prefix, limit, revision: asked }: ListOptions): Promise<ListResult> {
    const { client } = this.#parts
    const entries: Entry[] = []
    const wanted = limit ?? Number.POSITIVE_INFINITY
    let { key } = range
    let revision = asked ?? 0
    for (let size = firstPage; ; ) {
      const request = { ...range, key, revision, limit: Math.min(size, wanted - entries.length) }
      const { header, kvs, count } = await client.call(
        etcdAPI.range,
        wanted === 0 ? { ...range, revision, countOnly: true } : request,
        reading(`list ${prefix}`),
      )
      revision ||= header?.revision ?? 0
      for (const kv of kvs) entries.push(this.#entryOf(kv))
      const remaining = count - kvs.length
      if (remaining === 0 || entries.length >= wanted) return { entries, revision, remaining }
      const bytes = kvs.reduce((sum, { value }) => sum + value.length, 1)
      size = Math.min(largestPage, Math.max(1, Math.floor((kvs.length * pageBytes) / bytes)))
      key = Buffer.concat([kvs.at(-1)!.key, Buffer.from([0])])
    }
  }

  /** What happened after one revision, up to another one, to the keys with a prefix. */
  async #readHistory(afterRevision: number, upTo: number, prefix: string): Promise<StoreEvent[]> {
    const { client, keys } = this.#parts
    const found: StoreEvent[] = []
    const done = new AbortController()
    await followEtcd({
      client,
      keys,
      afterRevision,
      signal: AbortSignal.any([done.signal, this.#closing.signal]),
      onRevision(revision, events) {
        if (revision <= upTo) found.push(...events.filter(({ key }) => key.startsWith(prefix)))
        if (revision >= upTo) done.abort()
      },
    })
    return found
  }

  #entryOf({ key, value, modRevision, createRevision }: KeyValue): Entry {
    return { key: this.#parts.keys.fromEtcd(key)!, value, revision: modRevision, createRevision }
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw closedError()
  }

  /** Whatever fails because the store has been closed meanwhile says so. */
  async #guard<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen()
    try {
      return await work()
    } catch (error) {
      this.#checkOpen()
      throw this.#withOldest(error)
    }
  }

  #withOldest(error: unknown): unknown {
    if (!(error instanceof StoreError) || error.code !== 'Compacted' || error.details.revision) return error
    return this.#compacted === 0 ? error : compacted(this.#compacted)
  }
}

const closedError = () => new StoreError('Closed', 'Cannot use the store: it has been closed')

const compacted = (revision: number) =>
  new StoreError('Compacted', `Cannot read that far back: the oldest revision is ${revision}`, { revision })

const wentBack = (told: number, revision: number) =>
  new StoreError(
    'Unavailable',
    `Cannot go on with the watch: etcd is back at revision ${revision}, though it has been at ${told}`,
  )
