// The durable driver, on LMDB: one append-only table of versions in order of revision, and the index over
// keys in memory (as etcd has it). Writes gather while a commit is under way and then share one transaction
// and one fsync; a write is acknowledged and shown once it is on the disk.
import { type Clock, onNextTurn, systemClock } from '../component/clock.ts'
import { HistoryKeeper, type HistoryPolicy } from './history.ts'
import { openVersionTable, type VersionTable } from './lmdbtable.ts'
import { planWrite, type Version, type VersionIndex } from './mvcc.ts'
import {
  type Entry,
  type ListOptions,
  type ListResult,
  type Store,
  StoreError,
  type StoreWatch,
  type StoreWatchOptions,
  type WriteOperation,
} from './store.ts'
import { eventOf, WatchHub } from './watchhub.ts'

export interface LMDBStoreOptions {
  readonly history?: HistoryPolicy
  readonly clock?: Clock
}

/**
 * Opens or creates the store in `directory`. Throws StoreError `Corrupt` when its file is damaged,
 * `Unavailable` when another process has it open or the directory cannot be used.
 */
export async function openLMDBStore(directory: string, options: LMDBStoreOptions = {}): Promise<Store> {
  return new LMDBStore(await openVersionTable(directory), options)
}

interface PendingWrite {
  readonly versions: readonly Version[]
  /** The write is refused because of one before it, and told so once that one can be seen. */
  readonly refusal?: StoreError
  readonly resolve: (revision: number) => void
  readonly reject: (error: unknown) => void
}

/** How many forgotten versions an otherwise idle store sweeps in one commit. */
const idleSweep = 1000

class LMDBStore implements Store {
  readonly #table: VersionTable
  readonly #index: VersionIndex
  readonly #hub = new WatchHub()
  readonly #history: HistoryKeeper
  /** The newest version of each key whose write is not durable yet. */
  readonly #pending = new Map<string, Version>()
  #queue: PendingWrite[] = []
  /** Versions that nobody can see any more, still on the disk. */
  #garbage: Version[] = []
  #newestPlanned: number
  #flush: 'idle' | 'scheduled' | 'running' = 'idle'
  #broken: StoreError | undefined
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(table: VersionTable, { history, clock = systemClock }: LMDBStoreOptions) {
    this.#table = table
    this.#index = table.load()
    this.#garbage = this.#index.sweep()
    this.#newestPlanned = this.#index.revision
    this.#history = new HistoryKeeper(this.#index, clock, {
      ...history,
      onForgotten: () => this.#schedule(),
    })
    if (this.#garbage.length > 0) this.#schedule()
  }

  async revision(): Promise<number> {
    this.#checkOpen()
    return this.#index.revision
  }

  async get(key: string, options?: { readonly revision?: number }): Promise<Entry | undefined> {
    const version = this.#index.at(key, this.#readable(options?.revision))
    return version && this.#entryOf(version)
  }

  async list(options: ListOptions): Promise<ListResult> {
    const revision = this.#readable(options.revision)
    const { versions, remaining } = this.#index.list(options, revision)
    return { entries: versions.map(this.#entryOf), revision, remaining }
  }

  async write(operations: readonly WriteOperation[]): Promise<number> {
    this.#checkOpen()
    if (this.#broken) throw this.#broken
    const { versions, refusal } = this.#plan(operations)
    return new Promise((resolve, reject) => {
      this.#queue.push({ versions, refusal, resolve, reject })
      this.#schedule()
    })
  }

  async watch(options: StoreWatchOptions): Promise<StoreWatch> {
    this.#checkOpen()
    const { afterRevision = this.#index.revision } = options
    this.#index.checkWatchable(afterRevision)
    const known = this.#index
      .since(afterRevision, options.prefix)
      .map(version =>
        eventOf(version, { bytesOf: this.#bytesOf, withPrevious: options.withPrevious ?? false }),
      )
    return this.#hub.add(options, this.#index.revision, known)
  }

  async progress(): Promise<number> {
    return this.revision()
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen()
    this.#index.checkForgettable(revision)
    this.#index.forget(revision)
    if (this.#index.needsSweep) this.#schedule()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#history.stop()
    if (this.#flush !== 'idle') {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
    }
    this.#hub.end(closedError())
    await this.#table.close()
  }

  #plan(operations: readonly WriteOperation[]): Pick<PendingWrite, 'versions' | 'refusal'> {
    const revision = this.#newestPlanned + 1
    try {
      const versions = planWrite(operations, revision, this.#newest)
      this.#table.checkKeys(versions)
      this.#newestPlanned = revision
      for (const version of versions) this.#pending.set(version.key, version)
      return { versions }
    } catch (error) {
      // Whoever reads and tries again would read the same until the write that is in the way is durable.
      const refusal = error as StoreError
      if (refusal.details.key !== undefined && this.#pending.has(refusal.details.key)) {
        return { versions: [], refusal }
      }
      throw refusal
    }
  }

  readonly #newest = (key: string): Version | undefined => this.#pending.get(key) ?? this.#index.head(key)

  readonly #bytesOf = (version: Version): Buffer => version.value ?? this.#table.value(version)

  readonly #entryOf = (version: Version): Entry => ({
    key: version.key,
    value: this.#bytesOf(version),
    revision: version.revision,
    createRevision: version.createRevision,
  })

  #readable(revision = this.#index.revision): number {
    this.#checkOpen()
    this.#index.checkReadable(revision)
    return revision
  }

  #checkOpen(): void {
    if (this.#closing) throw closedError()
  }

  /** Lets the rest of this event-loop turn join the commit. */
  #schedule(): void {
    if (this.#flush !== 'idle') return
    this.#flush = 'scheduled'
    onNextTurn(() => void this.#run())
  }

  async #run(): Promise<void> {
    this.#flush = 'running'
    do await this.#commit()
    while (this.#queue.length > 0 || (!this.#closing && this.#index.needsSweep && !this.#broken))
    this.#flush = 'idle'
    this.#onIdle?.()
  }

  async #commit(): Promise<void> {
    const writes = this.#queue
    this.#queue = []
    const versions = writes.flatMap(write => write.versions)
    if (this.#index.needsSweep) {
      const limit = writes.length === 0 ? idleSweep : 2 * versions.length + 64
      for (const version of this.#index.sweep(limit)) this.#garbage.push(version)
    }
    const garbage = this.#garbage
    if (versions.length > 0 || garbage.length > 0) {
      try {
        await this.#table.commit(versions, garbage, this.#index.sweptTo)
      } catch (error) {
        this.#fail(error as StoreError, writes)
        return
      }
      this.#garbage = []
      this.#show(versions)
    }
    for (const { versions, refusal, resolve, reject } of writes) {
      if (refusal) reject(refusal)
      else resolve(versions[0]!.revision)
    }
  }

  #show(versions: readonly Version[]): void {
    this.#index.append(versions)
    if (this.#hub.size > 0) this.#deliver(versions)
    for (const version of versions) {
      version.value = undefined
      if (this.#pending.get(version.key) === version) this.#pending.delete(version.key)
    }
    this.#history.trim()
  }

  #deliver(versions: readonly Version[]): void {
    try {
      const options = { bytesOf: this.#bytesOf, withPrevious: this.#hub.wantsPrevious }
      this.#hub.deliver(versions.map(version => eventOf(version, options)))
    } catch (error) {
      // A value cannot be read: whoever watches must not believe to have seen everything.
      this.#broken = error as StoreError
      this.#hub.end(this.#broken)
    }
  }

  /** Nothing of the commit has happened; what was planned on top of it cannot happen either. */
  #fail(error: StoreError, writes: readonly PendingWrite[]): void {
    const planned = [...writes, ...this.#queue]
    this.#queue = []
    this.#pending.clear()
    this.#newestPlanned = this.#index.revision
    if (error.code !== 'NoSpace') this.#broken = error
    for (const write of planned) write.reject(error)
  }
}

const closedError = () => new StoreError('Closed', 'Cannot use the store: it has been closed')
