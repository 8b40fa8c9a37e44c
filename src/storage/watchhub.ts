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
    const wanted = (event: StoreEvent) => event.revision > watcher.seen && event.key.startsWith(prefix)
    const matching = events.every(wanted) ? events : events.filter(wanted)
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

/** The event of a version; `bytesOf` finds the bytes of one that is not a deletion. */
export function eventOf(version: Version, bytesOf: (version: Version) => Buffer): StoreEvent {
  const { key, revision, createRevision, deleted } = version
  const before = version.previous
  if (!before || before.deleted)
    return { type: 'create', key, revision, value: bytesOf(version), createRevision }
  const previous: Entry = {
    key,
    value: bytesOf(before),
    revision: before.revision,
    createRevision: before.createRevision,
  }
  const value = deleted ? previous.value : bytesOf(version)
  return { type: deleted ? 'delete' : 'update', key, revision, value, createRevision, previous }
}
