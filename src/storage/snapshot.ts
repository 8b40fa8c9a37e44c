// A store's contents at one moment, and the way back to them. Going back is a write like any other: watchers
// are told what changed, revisions go on counting, and what did not change is not touched.
import { type Entry, type Store, StoreError, type WriteOperation } from './store.ts'

export interface StoreSnapshot {
  /** The revision that it shows. */
  readonly revision: number
  /** By key. */
  readonly entries: ReadonlyMap<string, Entry>
}

const everything = { prefix: '' }

export async function takeSnapshot(store: Store): Promise<StoreSnapshot> {
  const { entries, revision } = await store.list(everything)
  return { revision, entries: new Map(entries.map(entry => [entry.key, entry])) }
}

/** What has to be written for the entries to be those of the snapshot. */
export function planRestore(snapshot: StoreSnapshot, current: readonly Entry[]): WriteOperation[] {
  const operations: WriteOperation[] = []
  const seen = new Set<string>()
  for (const { key, revision, value } of current) {
    seen.add(key)
    const wanted = snapshot.entries.get(key)
    if (!wanted) operations.push({ type: 'delete', key, expectedRevision: revision })
    // Not by revision: the snapshot may be of another store, which counts for itself.
    else if (!wanted.value.equals(value)) {
      operations.push({ type: 'update', key, value: wanted.value, expectedRevision: revision })
    }
  }
  for (const [key, { value }] of snapshot.entries) {
    if (!seen.has(key)) operations.push({ type: 'create', key, value })
  }
  return operations
}

const attempts = 20
const isRace = (error: unknown) =>
  error instanceof StoreError && ['KeyExists', 'NotFound', 'Conflict'].includes(error.code)

/**
 * Brings the store back to the snapshot in one write; resolves with the number of entries that had changed.
 * Looks again when somebody writes at the same time, and throws StoreError `Conflict` and the like when they
 * do not stop.
 */
export async function restoreSnapshot(store: Store, snapshot: StoreSnapshot): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const { entries } = await store.list(everything)
    const operations = planRestore(snapshot, entries)
    try {
      if (operations.length > 0) await store.write(operations)
      return operations.length
    } catch (error) {
      if (!isRace(error) || attempt === attempts) throw error
    }
  }
}
