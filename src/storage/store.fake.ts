// One server's view of a store that others write to as well, for tests: like that of a store far away, its
// events come some time after the write they are about, or only when the test lets them.
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
  #held: 'nothing' | 'others' | 'all' = 'nothing'
  /** How often somebody asked for everything there is. */
  progressCalls = 0

  constructor(inner: Store) {
    this.#inner = inner
  }

  /**
   * From now on events of what others write, or all events, wait until somebody asks for progress, or for
   * events after them.
   */
  hold(what: 'others' | 'all' = 'others'): void {
    this.#held = what
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
    if (this.#held === 'others') setImmediate(() => this.#deliver())
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
          if (this.#held === 'nothing') this.#deliver()
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
