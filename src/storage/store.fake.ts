// One server's view of a store that others write to as well, for tests: like that of a store far away, events
// of what others write come some time later, or only when this server asks for them or writes itself.
import type {
  Entry,
  ListOptions,
  ListResult,
  Store,
  StoreEvent,
  StoreWatch,
  StoreWatchOptions,
  WriteOperation,
} from './store.ts'

interface Late {
  readonly onEvents: StoreWatchOptions['onEvents']
  readonly waiting: (readonly StoreEvent[])[]
}

export class LaggingStore implements Store {
  readonly #inner: Store
  readonly #watches = new Set<Late>()
  #isHeld = false
  /** How often somebody asked for everything there is. */
  progressCalls = 0

  constructor(inner: Store) {
    this.#inner = inner
  }

  /** From now on events of what others write wait until there is no way around them. */
  hold(): void {
    this.#isHeld = true
  }

  revision(): Promise<number> {
    return this.#inner.revision()
  }

  get(key: string, options?: { readonly revision?: number }): Promise<Entry | undefined> {
    return this.#inner.get(key, options)
  }

  list(options: ListOptions): Promise<ListResult> {
    return this.#inner.list(options)
  }

  async write(operations: readonly WriteOperation[]): Promise<number> {
    const revision = await this.#inner.write(operations)
    this.#deliver()
    // Everybody is told before the writer is, and has time to act on it.
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
    return revision
  }

  async watch(options: StoreWatchOptions): Promise<StoreWatch> {
    const late: Late = { onEvents: options.onEvents, waiting: [] }
    this.#watches.add(late)
    const watch = await this.#inner.watch({
      ...options,
      onEvents: events => {
        late.waiting.push(events)
        setImmediate(() => {
          if (!this.#isHeld) this.#deliver()
        })
      },
    })
    return {
      close: () => {
        this.#watches.delete(late)
        watch.close()
      },
    }
  }

  async progress(): Promise<number> {
    this.progressCalls++
    const revision = await this.#inner.progress()
    this.#deliver()
    return revision
  }

  compact(revision: number): Promise<void> {
    return this.#inner.compact(revision)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #deliver(): void {
    for (const { waiting, onEvents } of this.#watches) {
      for (const events of waiting.splice(0)) onEvents(events)
    }
  }
}
