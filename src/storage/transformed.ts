// A Store whose values are kept in another form than its users see: encrypted, say. Keys stay as they are;
// which of them are meant is the caller's to say.
import {
  type Entry,
  type Store,
  StoreError,
  type StoreEvent,
  type StoreWatch,
  type StoreWatchOptions,
  type WriteOperation,
} from './store.ts'

export interface ReadValue {
  readonly value: Buffer
  /** It is kept in another form than a write would give it. */
  readonly stale: boolean
}

export interface ValueTransformer {
  toStorage(value: Buffer, key: string): Buffer
  /** Throws an Error that says why the value cannot be read. */
  fromStorage(stored: Buffer, key: string): ReadValue
}

/** Undefined: the key's value is kept as it is. */
export type TransformerLookup = (key: string) => ValueTransformer | undefined

/** Closing it closes `store`. What cannot be read is a StoreError `Unreadable`, which names the key. */
export function transformedStore(store: Store, lookup: TransformerLookup): Store {
  const keep = (operation: WriteOperation): WriteOperation => {
    if (operation.type === 'delete') return operation
    const transformer = lookup(operation.key)
    if (!transformer) return operation
    return { ...operation, value: transformer.toStorage(operation.value, operation.key) }
  }
  const read = <T extends Entry | StoreEvent>(kept: T): T => {
    const transformer = lookup(kept.key)
    if (!transformer) return kept
    try {
      const { value, stale } = transformer.fromStorage(kept.value, kept.key)
      return { ...kept, value, ...(stale ? { stale } : {}) }
    } catch (error) {
      const message = `unable to transform key ${JSON.stringify(kept.key)}: ${(error as Error).message}`
      throw new StoreError('Unreadable', message, { key: kept.key })
    }
  }
  const readEvent = (event: StoreEvent): StoreEvent => ({
    ...read(event),
    ...(event.previous ? { previous: read(event.previous) } : {}),
  })
  return {
    revision: () => store.revision(),
    async get(key, options) {
      const entry = await store.get(key, options)
      return entry && read(entry)
    },
    async list(options) {
      const result = await store.list(options)
      return { ...result, entries: result.entries.map(read) }
    },
    write: operations => store.write(operations.map(keep)),
    watch: options => watch(store, options, readEvent),
    progress: () => store.progress(),
    compact: revision => store.compact(revision),
    close: () => store.close(),
  }
}

/** A value that cannot be read ends the watch. */
async function watch(
  store: Store,
  options: StoreWatchOptions,
  read: (event: StoreEvent) => StoreEvent,
): Promise<StoreWatch> {
  let hasEnded = false
  let opened: StoreWatch | undefined
  const end = (error: StoreError) => {
    if (hasEnded) return
    hasEnded = true
    opened?.close()
    options.onEnd(error)
  }
  const readAll = (events: readonly StoreEvent[]) => {
    try {
      return events.map(read)
    } catch (error) {
      end(error as StoreError)
      return []
    }
  }
  opened = await store.watch({
    ...options,
    onEnd: end,
    onEvents(kept) {
      const events = hasEnded ? [] : readAll(kept)
      if (events.length > 0) options.onEvents(events)
    },
  })
  if (hasEnded) opened.close()
  return opened
}
