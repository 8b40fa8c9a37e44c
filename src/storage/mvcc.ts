// The part that local drivers share: which versions of which keys there are, in memory, so that
// expectations, ranges and watches never wait for a disk. Values are the driver's: it keeps them with the
// version or elsewhere. The model is etcd's (server/storage/mvcc): one revision per write, an index over
// keys, a log over revisions, compaction.
import { checkExpectation, checkOperations } from './expectations.ts'
import { KeyIndex } from './keyindex.ts'
import { type ListOptions, StoreError, type WriteOperation } from './store.ts'

/** One change of one key. */
export interface Version {
  readonly key: string
  readonly revision: number
  /** Its place among the operations of its write. */
  readonly operation: number
  readonly createRevision: number
  readonly deleted: boolean
  /** The version before this one, until it is forgotten. */
  previous: Version | undefined
  /** Held here or, when absent, by the driver; a deletion has none. */
  value: Buffer | undefined
}

export class VersionIndex {
  /** The newest version of every key. */
  readonly #heads = new KeyIndex<Version>()
  /** Versions after `compacted`, in order of revision and operation; those before `#logStart` are gone. */
  #log: Version[] = []
  #logStart = 0
  #live = 0
  #revision: number
  #forgotten: number
  #sweptTo: number

  constructor(revision = 1, forgotten = 1) {
    this.#revision = revision
    this.#forgotten = forgotten
    this.#sweptTo = forgotten
  }

  /** Of the newest write. */
  get revision(): number {
    return this.#revision
  }

  /** Reads before this revision are no longer possible. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** How many versions are kept for the sake of history. */
  get logLength(): number {
    return this.#log.length - this.#logStart
  }

  /** How many keys exist. */
  get live(): number {
    return this.#live
  }

  head(key: string): Version | undefined {
    return this.#heads.get(key)
  }

  /** Takes in the versions of one write or, when loading, of many; `previous` is theirs to have set. */
  append(versions: readonly Version[]): void {
    for (const version of versions) {
      const known = this.#heads.get(version.key)
      if (known && !known.deleted) this.#live--
      if (!version.deleted) this.#live++
      this.#heads.set(version.key, version)
      this.#log.push(version)
      if (version.revision > this.#revision) this.#revision = version.revision
    }
  }

  at(key: string, revision: number): Version | undefined {
    return visible(this.#heads.get(key), revision)
  }

  list({ prefix, after, limit = Number.POSITIVE_INFINITY }: ListOptions, revision: number) {
    const versions: Version[] = []
    let remaining = 0
    for (const head of this.#heads.range(prefix, after)) {
      const version = visible(head, revision)
      if (!version) continue
      if (versions.length < limit) versions.push(version)
      else remaining++
    }
    return { versions, remaining }
  }

  /** The versions of keys under `prefix` with a revision greater than `revision`, in order. */
  since(revision: number, prefix: string): Version[] {
    let low = this.#logStart
    let high = this.#log.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#log[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    const versions: Version[] = []
    for (; low < this.#log.length; low++) {
      const version = this.#log[low]!
      if (version.key.startsWith(prefix)) versions.push(version)
    }
    return versions
  }

  /**
   * Makes reads before `revision` and watches from before it impossible; `sweep` then frees what they
   * needed.
   */
  forget(revision: number): void {
    if (revision > this.#forgotten) this.#forgotten = revision
  }

  /** The newest revision whose versions have been swept. */
  get sweptTo(): number {
    return this.#sweptTo
  }

  /** There are forgotten versions that `sweep` has not seen yet. */
  get needsSweep(): boolean {
    const oldest = this.#log[this.#logStart]
    return oldest !== undefined && oldest.revision <= this.#forgotten
  }

  /**
   * Frees what about `limit` forgotten versions keep from being freed, by whole writes; returns what nobody
   * can see.
   */
  sweep(limit = Number.POSITIVE_INFINITY): Version[] {
    const garbage: Version[] = []
    let swept = 0
    let revision: number | undefined
    for (let version = this.#log[this.#logStart]; version; version = this.#log[this.#logStart]) {
      if (version.revision > this.#forgotten || (swept >= limit && version.revision !== revision)) break
      revision = version.revision
      this.#sweptTo = revision
      swept++
      this.#logStart++
      if (version.previous) {
        if (!version.previous.deleted) garbage.push(version.previous)
        version.previous = undefined
      }
      if (version.deleted) {
        garbage.push(version)
        if (this.#heads.get(version.key) === version) this.#heads.delete(version.key)
      }
    }
    if (this.#logStart > 1024 && this.#logStart * 2 > this.#log.length) {
      this.#log = this.#log.slice(this.#logStart)
      this.#logStart = 0
    }
    return garbage
  }

  /** Throws when there is nothing to read at `revision` any more, or not yet. */
  checkReadable(revision: number): void {
    if (revision < this.#forgotten) throw compacted(`read revision ${revision}`, this.#forgotten)
    if (revision > this.#revision) throw inTheFuture(`read revision ${revision}`, this.#revision)
  }

  /** Throws when events after `revision` may have been forgotten. */
  checkWatchable(revision: number): void {
    if (revision < this.#forgotten) throw compacted(`watch from revision ${revision}`, this.#forgotten)
  }

  checkForgettable(revision: number): void {
    if (revision > this.#revision) throw inTheFuture(`compact to revision ${revision}`, this.#revision)
  }
}

const compacted = (verb: string, revision: number) =>
  new StoreError('Compacted', `Cannot ${verb}: it has been compacted, the oldest known is ${revision}`, {
    revision,
  })

const inTheFuture = (verb: string, revision: number) =>
  new StoreError('FutureRevision', `Cannot ${verb}: the newest is ${revision}`, { revision })

function visible(version: Version | undefined, revision: number): Version | undefined {
  while (version && version.revision > revision) version = version.previous
  return version?.deleted ? undefined : version
}

/**
 * The versions that a write makes under `revision`; throws when an operation's expectation fails against
 * `headOf`.
 */
export function planWrite(
  operations: readonly WriteOperation[],
  revision: number,
  headOf: (key: string) => Version | undefined,
): Version[] {
  checkOperations(operations)
  return operations.map((operation, index) => {
    const head = headOf(operation.key)
    const current = head?.deleted ? undefined : head
    const { key } = operation
    checkExpectation(operation, index, current?.revision)
    if (operation.type === 'create') {
      const { value } = operation
      const createRevision = revision
      return { key, revision, operation: index, createRevision, deleted: false, previous: head, value }
    }
    const { createRevision } = current!
    const deleted = operation.type === 'delete'
    const value = operation.type === 'delete' ? undefined : operation.value
    return { key: current!.key, revision, operation: index, createRevision, deleted, previous: head, value }
  })
}
