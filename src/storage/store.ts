// The Store contract: revisioned keys and bytes, as much of etcd v3 as Kubernetes uses and no more. Drivers
// prove themselves with conformance.ts. A Store has never heard of Kubernetes.

export interface Entry {
  readonly key: string
  readonly value: Buffer
  /** Revision of the write that produced this value (etcd: mod_revision). */
  readonly revision: number
  readonly createRevision: number
  /** A write of the same value would keep it in another form: under a newer key, say. */
  readonly stale?: boolean
}

/** Each operation names what it expects to find; a write whose expectation fails changes nothing. */
export type WriteOperation =
  | { readonly type: 'create'; readonly key: string; readonly value: Buffer }
  | {
      readonly type: 'update'
      readonly key: string
      readonly value: Buffer
      readonly expectedRevision: number
    }
  | { readonly type: 'delete'; readonly key: string; readonly expectedRevision: number }

export interface StoreEvent {
  readonly type: 'create' | 'update' | 'delete'
  readonly key: string
  readonly revision: number
  /** The new value; for a delete, the last one. */
  readonly value: Buffer
  readonly createRevision: number
  /** As of an entry. */
  readonly stale?: boolean
  /** The entry before the change; absent for a create, and where no watch has asked for it. */
  readonly previous?: Entry
}

export interface ListOptions {
  readonly prefix: string
  /** Only keys after this one, for paging. */
  readonly after?: string
  /** At most so many entries; absent: all. */
  readonly limit?: number
  /** Read as of this revision; absent: the newest. */
  readonly revision?: number
}

export interface ListResult {
  /** In order of the keys' bytes. */
  readonly entries: readonly Entry[]
  /** The revision the list shows. */
  readonly revision: number
  /** How many more entries follow after the last one. */
  readonly remaining: number
}

export interface StoreWatchOptions {
  readonly prefix: string
  /** Deliver the events of every revision greater than this one; absent: those from now on. */
  readonly afterRevision?: number
  /** Events are to carry `previous` (etcd: prev_kv), which a driver may have to read for it. */
  readonly withPrevious?: boolean
  /** Events of whole revisions, in order; one call per commit. Must not throw. */
  readonly onEvents: (events: readonly StoreEvent[]) => void
  /** The watch has ended and will deliver nothing more: `Compacted`, `Closed`, `Unavailable`. */
  readonly onEnd: (error: StoreError) => void
}

export interface StoreWatch {
  close(): void
}

export interface Store {
  /** The revision of the newest committed write, 1 where nothing was ever written (as etcd). */
  revision(): Promise<number>
  get(key: string, options?: { readonly revision?: number }): Promise<Entry | undefined>
  list(options: ListOptions): Promise<ListResult>
  /**
   * Applies all operations or none, under one new revision, which it returns once the write is durable. A
   * key may occur once. Throws StoreError `KeyExists`, `NotFound` or `Conflict`, naming the first operation
   * that failed. Drivers commit the writes of one event-loop turn together. The watches of this Store have
   * been given the write's events when it resolves; a store far away may give up waiting for that.
   */
  write(operations: readonly WriteOperation[]): Promise<number>
  /** Resolves once the watch is established; events that are already known may be delivered before that. */
  watch(options: StoreWatchOptions): Promise<StoreWatch>
  /**
   * Resolves with a revision not older than the newest one at the time of the call, when every watch of
   * this Store has been given all events up to it.
   */
  progress(): Promise<number>
  /** Forgets what was before `revision`: older reads and watches then throw `Compacted`. */
  compact(revision: number): Promise<void>
  close(): Promise<void>
}

export type StoreErrorCode =
  | 'KeyExists'
  | 'NotFound'
  | 'Conflict'
  | 'Compacted'
  | 'FutureRevision'
  | 'InvalidWrite'
  | 'NoSpace'
  | 'Corrupt'
  | 'Unreadable'
  | 'Unavailable'
  | 'Closed'

export interface StoreErrorDetails {
  /** Index of the operation that failed. */
  readonly operation?: number
  readonly key?: string
  /** The revision found instead of the expected one, or the oldest one still known (`Compacted`). */
  readonly revision?: number
  /** Nobody can tell whether the write happened, or will yet (`Unavailable`, `NoSpace`). */
  readonly mayHaveHappened?: boolean
  readonly cause?: unknown
}

export class StoreError extends Error {
  readonly code: StoreErrorCode
  readonly details: StoreErrorDetails

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'StoreError'
    this.code = code
    this.details = details
  }
}
