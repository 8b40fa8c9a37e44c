// watch: what has changed since a revision, or everything there is and then every change; with bookmarks
// and an end. Follows upstream's pkg/storage/cacher and KEP-3157 (sendInitialEvents).
import { internal } from '../../api/status.ts'
import { onNextTurn, type Timer } from '../../component/clock.ts'
import type { Subscriber } from './dispatch.ts'
import { tooOldResourceVersion, unreachedResourceVersion } from './errors.ts'
import { candidates, load, refresh, refreshTo } from './list.ts'
import { checkWatchOptions, parseResourceVersion } from './listoptions.ts'
import type { Bookmark, StoredEvent, Watch, WatchOptions } from './registry.ts'
import type { RegistryScope } from './scope.ts'
import { compileSelection, type Selection } from './selection.ts'
import type { Recalled } from './watchcache.ts'

/** A watch without a timeout ends after this or up to twice as long, so that not all come back at once. */
export const defaultTimeoutMs = 1_800_000
export const bookmarkIntervalMs = 60_000
/** The last bookmark comes so long before the end. */
const lastBookmarkMs = 2_000

type Event = StoredEvent | Bookmark

/** What a new watch is to see before the changes to come. */
interface Beginning {
  readonly events: readonly Event[]
  /** The watch cannot begin there: it ends with this at once, as an event, as upstream has it. */
  readonly error?: unknown
}

export async function watchObjects(scope: RegistryScope, options: WatchOptions): Promise<Watch> {
  checkWatchOptions(options)
  const selection = compileSelection(scope.resource, options)
  const revision = parseResourceVersion(options.resourceVersion)
  if (options.sendInitialEvents && revision) await refreshTo(scope, revision, 'watch')
  else if (revision === undefined || revision > scope.cache.revision) await refresh(scope, 'watch')
  else await load(scope, 'watch')
  const recalled = revision && !options.sendInitialEvents ? await recall(scope, revision) : undefined
  // From here to the subscription nothing may wait, or changes would be missed.
  const session = new WatchSession(scope, options, selection)
  session.start(beginning(scope, { options, selection, revision: revision ?? 0, recalled }))
  return session
}

/** How often the store is asked again because the cache has forgotten more meanwhile. */
const recallAttempts = 3

/** What the store remembers of the changes that the cache does not; undefined when the cache is enough. */
async function recall(scope: RegistryScope, revision: number): Promise<Recalled | undefined> {
  const { cache } = scope
  for (let attempt = 1; attempt <= recallAttempts && !cache.changesAfter(revision); attempt++) {
    const recalled = await cache.recall(revision)
    if (!recalled || cache.changesAfter(recalled.upTo)) return recalled
  }
  return undefined
}

interface Wanted {
  readonly options: WatchOptions
  readonly selection: Selection
  readonly revision: number
  readonly recalled: Recalled | undefined
}

function beginning(scope: RegistryScope, { options, selection, revision, recalled }: Wanted): Beginning {
  const { cache } = scope
  if (options.sendInitialEvents ?? revision === 0) {
    const all = candidates(scope, selection)
    const chosen = selection.selects ? all.filter(selection.selects) : all
    const events: Event[] = chosen.map(stored => ({ type: 'ADDED', stored }))
    if (options.sendInitialEvents && options.allowWatchBookmarks) {
      events.push({ type: 'BOOKMARK', revision: cache.revision, initialEventsEnd: true })
    }
    return { events }
  }
  if (revision === 0) return { events: [] }
  // Every revision that this cluster has told anybody has been reached: the store is not the one it was.
  if (revision > cache.revision) {
    return { events: [], error: unreachedResourceVersion(revision, cache.revision) }
  }
  const recent = cache.changesAfter(recalled?.upTo ?? revision)
  const changes = recalled && recent ? [...recalled.changes, ...recent] : recent
  if (!changes) return { events: [], error: tooOldResourceVersion(revision, cache.oldestRevision) }
  const selects = wholeSelection(selection)
  return { events: selects ? changes.flatMap(change => change.seenBy(selects) ?? []) : changes }
}

/** Namespace and selectors in one. */
function wholeSelection({ namespace, selects }: Selection): Subscriber['selects'] {
  if (namespace === undefined) return selects
  return stored => stored.namespace === namespace && (!selects || selects(stored))
}

class WatchSession implements Watch, Subscriber {
  readonly scope: Subscriber['scope']
  readonly selects: Subscriber['selects']
  readonly #registry: RegistryScope
  readonly #options: WatchOptions
  /** What came before the caller had the watch in hand. */
  #waiting: Event[] | undefined = []
  #timers: Timer[] = []
  #isOpen = true

  constructor(registry: RegistryScope, options: WatchOptions, selection: Selection) {
    this.#registry = registry
    this.#options = options
    this.scope = selection.subscription.scope
    this.selects = selection.subscription.selects
  }

  start({ events, error }: Beginning): void {
    for (const event of events) this.#waiting!.push(event)
    const { cache, watches } = this.#registry
    watches.add(this)
    if (error === undefined) cache.subscribe(this)
    // The caller gets the watch first, and then what it brings.
    onNextTurn(() => {
      const waiting = this.#waiting ?? []
      this.#waiting = undefined
      if (!this.#isOpen) return
      if (waiting.length > 0) this.#give(waiting)
      if (error !== undefined) this.end(error)
      else this.#schedule()
    })
  }

  receive(events: readonly Event[]): void {
    if (!this.#isOpen) return
    if (!this.#waiting) this.#give(events)
    else for (const event of events) this.#waiting.push(event)
  }

  /** One watcher's mistake must not reach the others. */
  #give(events: readonly Event[]): void {
    try {
      this.#options.onEvents(events)
    } catch (error) {
      const { log, resource } = this.#registry
      log.error('a watcher failed', { resource: resource.resource, error: String(error) })
      this.end(internal(error))
    }
  }

  end(error?: unknown): void {
    if (!this.#isOpen) return
    this.close()
    this.#options.onEnd(error)
  }

  close(): void {
    this.#isOpen = false
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
    this.#registry.cache.unsubscribe(this)
    this.#registry.watches.delete(this)
  }

  #schedule(): void {
    const { clock } = this.#registry
    const { timeoutSeconds } = this.#options
    const timeoutMs = timeoutSeconds ? timeoutSeconds * 1000 : defaultTimeoutMs * (1 + Math.random())
    this.#timers.push(clock.after(timeoutMs, () => this.end()))
    if (this.#options.allowWatchBookmarks)
      this.#scheduleBookmark(clock.monotonic() + timeoutMs - lastBookmarkMs)
  }

  #scheduleBookmark(lastMs: number): void {
    const { clock } = this.#registry
    const remainingMs = lastMs - clock.monotonic()
    if (remainingMs <= 0) return
    const timer = clock.after(Math.min(bookmarkIntervalMs, remainingMs), async () => {
      this.#timers = this.#timers.filter(other => other !== timer)
      const revision = await refresh(this.#registry, 'watch').catch(() => undefined)
      if (!this.#isOpen) return
      if (revision !== undefined) this.receive([{ type: 'BOOKMARK', revision, initialEventsEnd: false }])
      this.#scheduleBookmark(lastMs)
    })
    this.#timers.push(timer)
  }
}
