// A new LMDB store that holds what a snapshot shows: every entry under its own revision, as if nothing had
// been written since, with a history that begins later than anybody can have seen.
import { openVersionTable } from './lmdbtable.ts'
import type { Version } from './mvcc.ts'
import type { StoreSnapshot } from './snapshot.ts'
import { type Entry, StoreError } from './store.ts'

/**
 * Clients may have seen revisions after that of the snapshot. They are told `Compacted` and read anew
 * instead of waiting for the old ones to come again (etcdutl has --bump-revision for it).
 */
const revisionLeap = 1_000_000_000

const versionsPerCommit = 5000

/** In order of revision; entries of one write get their places in it back, if not the same ones. */
function versionsOf(entries: Iterable<Entry>): Version[] {
  const sorted = [...entries].sort((a, b) => a.revision - b.revision)
  let operation = 0
  return sorted.map(({ key, value, revision, createRevision }, index) => {
    operation = sorted[index - 1]?.revision === revision ? operation + 1 : 0
    return { key, value, revision, createRevision, operation, deleted: false, previous: undefined }
  })
}

/** `directory` must be empty or absent. Resolves when all of it is on the disk. */
export async function restoreLMDB(directory: string, snapshot: StoreSnapshot): Promise<void> {
  const table = await openVersionTable(directory)
  try {
    if (table.load().revision > 1) {
      throw new StoreError('InvalidWrite', `Cannot restore into ${directory}: it holds a store already`)
    }
    const versions = versionsOf(snapshot.entries.values())
    table.checkKeys(versions)
    for (let start = 0; start < versions.length; start += versionsPerCommit) {
      await table.commit(versions.slice(start, start + versionsPerCommit), [], 1)
    }
    await table.beginAt(snapshot.revision + revisionLeap)
  } finally {
    await table.close()
  }
}
