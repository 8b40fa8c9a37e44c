// The driver that keeps everything in memory: for tests, and for clusters that need not outlive their
// process.
import { type Clock, systemClock } from '../component/clock.ts'
import { HistoryKeeper, type HistoryPolicy } from './history.ts'
import { planWrite, type Version, VersionIndex } from './mvcc.ts'
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

export interface MemoryStoreOptions {
  readonly history?: HistoryPolicy
  readonly clock?: Clock
}

/** An empty store. It keeps the Buffers it is given: do not change them after a write. */
export function openMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options)
}

const bytesOf = (version: Version): Buffer => version.value!

const entryOf = ({ key, value, revision, createRevision }: Version): Entry => ({
  key,
  value: value!,
  revision,
  createRevision,
})

class MemoryStore implements Store {
  readonly #index = new VersionIndex()
  readonly #hub = new WatchHub()
  readonly #history: HistoryKeeper
  #closed = false

  constructor({ history, clock = systemClock }: MemoryStoreOptions) {
    this.#history = new HistoryKeeper(this.#index, clock, {
      ...history,
      onForgotten: () => void this.#index.sweep(),
    })
  }

  async revision(): Promise<number> {
    this.#checkOpen()
    return this.#index.revision
  }

  async get(key: string, options?: { readonly revision?: number }): Promise<Entry | undefined> {
    const version = this.#index.at(key, this.#readable(options?.revision))
    return version && entryOf(version)
  }

  async list(options: ListOptions): Promise<ListResult> {
    const revision = this.#readable(options.revision)
    const { versions, remaining } = this.#index.list(options, revision)
    return { entries: versions.map(entryOf), revision, remaining }
  }

  async write(operations: readonly WriteOperation[]): Promise<number> {
    this.#checkOpen()
    const revision = this.#index.revision + 1
    const versions = planWrite(operations, revision, key => this.#index.head(key))
    this.#index.append(versions)
    if (this.#hub.size > 0) this.#deliver(versions)
    this.#history.trim()
    if (this.#index.needsSweep) this.#index.sweep(2 * versions.length + 64)
    return revision
  }

  async watch(options: StoreWatchOptions): Promise<StoreWatch> {
    this.#checkOpen()
    const { afterRevision = this.#index.revision } = options
    this.#index.checkWatchable(afterRevision)
    const known = this.#index
      .since(afterRevision, options.prefix)
      .map(version => eventOf(version, { bytesOf, withPrevious: options.withPrevious ?? false }))
    return this.#hub.add(options, this.#index.revision, known)
  }

  async progress(): Promise<number> {
    return this.revision()
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen()
    this.#index.checkForgettable(revision)
    this.#index.forget(revision)
    this.#index.sweep()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#history.stop()
    this.#hub.end(closedError())
  }

  #deliver(versions: readonly Version[]): void {
    const withPrevious = this.#hub.wantsPrevious
    this.#hub.deliver(versions.map(version => eventOf(version, { bytesOf, withPrevious })))
  }

  #readable(revision = this.#index.revision): number {
    this.#checkOpen()
    this.#index.checkReadable(revision)
    return revision
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError()
  }
}

const closedError = () => new StoreError('Closed', 'Cannot use the store: it has been closed')
