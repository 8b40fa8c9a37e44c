// Hands the events of commits to watches, in order, also when a watch's callback writes: such a write's
// events wait until every watch has been given the current ones.
import type { Version } from './mvcc.ts'
import { type Entry, StoreError, type StoreEvent, type StoreWatch, type StoreWatchOptions } from './store.ts'

interface Watcher {
  readonly options: StoreWatchOptions
  /** Events up to this revision are not for it, or have been given to it. */
  seen: number
  closed: boolean
}

export class WatchHub {
  readonly #watchers = new Set<Watcher>()
  readonly #queue: (readonly StoreEvent[])[] = []
  #delivering = false

  get size(): number {
    return this.#watchers.size
  }

  /** Some watch wants to know what was there before a change. */
  get wantsPrevious(): boolean {
    for (const { options } of this.#watchers) if (options.withPrevious) return true
    return false
  }

  /** Adds a watch that has seen everything up to `revision`, after giving it `known`, what it missed. */
  add(options: StoreWatchOptions, revision: number, known: readonly StoreEvent[]): StoreWatch {
    const watcher: Watcher = { options, seen: options.afterRevision ?? revision, closed: false }
    this.#watchers.add(watcher)
    this.#give(watcher, known)
    // What still waits in the queue up to `revision` has just been given.
    watcher.seen = Math.max(watcher.seen, revision)
    return {
      close: () => {
        watcher.closed = true
        this.#watchers.delete(watcher)
      },
    }
  }

  /**
   * Gives the events of one commit to all watches before it returns, unless called from within a delivery.
   */
  deliver(events: readonly StoreEvent[]): void {
    this.#queue.push(events)
    if (this.#delivering) return
    this.#delivering = true
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      for (const watcher of this.#watchers) this.#give(watcher, next)
    }
    this.#delivering = false
  }

  end(error: StoreError): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) this.#end(watcher, error)
  }

  #give(watcher: Watcher, events: readonly StoreEvent[]): void {
    if (watcher.closed) return
    const { prefix, onEvents } = watcher.options
    const matching = select(events, prefix, watcher.seen)
    if (matching.length === 0) return
    try {
      onEvents(matching)
    } catch (cause) {
      this.#watchers.delete(watcher)
      const message = `Cannot go on with the watch of ${prefix}: its callback threw ${String(cause)}`
      this.#end(watcher, new StoreError('Unavailable', message, { cause }))
    }
  }

  #end(watcher: Watcher, error: StoreError): void {
    if (watcher.closed) return
    watcher.closed = true
    watcher.options.onEnd(error)
  }
}

/** Events after a revision of keys under a prefix; the list itself where that is all of them. */
function select(events: readonly StoreEvent[], prefix: string, seen: number): readonly StoreEvent[] {
  let matching: StoreEvent[] | undefined
  let count = 0
  for (let index = 0; index < events.length; index++) {
    const event = events[index]!
    if (event.revision <= seen || !event.key.startsWith(prefix)) continue
    // Most watches want nothing of most commits, the others mostly all: only between those is there a list.
    if (count < index) {
      matching ??= events.slice(0, count)
      matching.push(event)
    }
    count++
  }
  return matching ?? (count === events.length ? events : events.slice(0, count))
}

export interface EventOptions {
  /** Finds the bytes of a version that is not a deletion. */
  readonly bytesOf: (version: Version) => Buffer
  /** Some watch wants to know what was there before. */
  readonly withPrevious: boolean
}

/** The event of a version. */
export function eventOf(version: Version, { bytesOf, withPrevious }: EventOptions): StoreEvent {
  const { key, revision, createRevision, deleted } = version
  const before = version.previous
  if (!before || before.deleted)
    return { type: 'create', key, revision, value: bytesOf(version), createRevision }
  if (!withPrevious) {
    const type = deleted ? 'delete' : 'update'
    return { type, key, revision, value: bytesOf(deleted ? before : version), createRevision }
  }
  const previous: Entry = {
    key,
    value: bytesOf(before),
    revision: before.revision,
    createRevision: before.createRevision,
  }
  const value = deleted ? previous.value : bytesOf(version)
  return { type: deleted ? 'delete' : 'update', key, revision, value, createRevision, previous }
}
