// A watch of a whole etcd, revision by revision. It covers every key, not only the store's: as every revision
// has an event then, one knows to have seen all of them without being told. Progress notifications, which say
// so otherwise, overtake events before etcd 3.4.25 and 3.5.8 (etcd-io/etcd#15220) and are not asked for.
import { etcdAPI, eventType, type WatchedEvent } from './etcdapi.ts'
import type { EtcdClient } from './etcdclient.ts'
import { allKeys, type EtcdKeys } from './etcdkeys.ts'
import { type Entry, StoreError, type StoreEvent } from './store.ts'

export interface FollowOptions {
  readonly client: EtcdClient
  readonly keys: EtcdKeys
  /** What comes after this revision is wanted. */
  readonly afterRevision: number
  readonly signal: AbortSignal
  /** Something has come. */
  readonly onMessage?: () => void
  /** The watch is established, in the etcd cluster of this identity. */
  readonly onCreated?: (clusterID: number) => void
  /** Everything up to `revision` has been told; at `revision` this happened to the store's keys. */
  readonly onRevision: (revision: number, events: readonly StoreEvent[]) => void
}

const isIncomplete = () =>
  new StoreError('Compacted', 'Cannot go on with the watch: etcd has compacted what was there before')

/** Undefined for a key that is not the store's. Throws `Compacted` when the value before is gone. */
export function toStoreEvent(event: WatchedEvent, keys: EtcdKeys): StoreEvent | undefined {
  const { type, kv, prevKV } = event
  const key = kv && keys.fromEtcd(kv.key)
  if (!kv || key === undefined) return undefined
  const { modRevision: revision, createRevision } = kv
  if (type === eventType.put && createRevision === revision) {
    return { type: 'create', key, revision, value: kv.value, createRevision }
  }
  if (!prevKV) throw isIncomplete()
  const previous: Entry = {
    key,
    value: prevKV.value,
    revision: prevKV.modRevision,
    createRevision: prevKV.createRevision,
  }
  if (type === eventType.put)
    return { type: 'update', key, revision, value: kv.value, createRevision, previous }
  const { value } = previous
  return { type: 'delete', key, revision, value, createRevision: previous.createRevision, previous }
}

/**
 * Tells what happens until the signal is aborted. Throws StoreError `Compacted` with the oldest revision that
 * etcd knows, or `Unavailable` when the watch breaks; everything told until then was told in full.
 */
export async function followEtcd(options: FollowOptions): Promise<void> {
  const { client, keys, afterRevision, signal } = options
  const stopping = new AbortController()
  let fragments: WatchedEvent[] = []
  let failure: StoreError | undefined
  const tell = (events: readonly WatchedEvent[]) => {
    for (let start = 0; start < events.length; ) {
      const revision = events[start]!.kv?.modRevision ?? 0
      if (revision === 0)
        throw new StoreError('Unavailable', 'Cannot read the watch: an event has no revision')
      let end = start + 1
      while (end < events.length && events[end]!.kv?.modRevision === revision) end++
      options.onRevision(
        revision,
        events.slice(start, end).flatMap(event => toStoreEvent(event, keys) ?? []),
      )
      start = end
    }
  }
  await client.subscribe(
    etcdAPI.watch,
    {
      request: {
        create: {
          ...allKeys,
          startRevision: afterRevision + 1,
          prevKV: true,
          fragment: true,
        },
      },
      signal: AbortSignal.any([signal, stopping.signal]),
    },
    response => {
      if (failure || signal.aborted) return
      options.onMessage?.()
      if (response.canceled) failure = refusal(response)
      try {
        if (response.created) options.onCreated?.(response.header?.clusterID ?? 0)
        fragments.push(...response.events)
        if (!response.fragment) {
          const events = fragments
          fragments = []
          tell(events)
        }
      } catch (error) {
        failure = error as StoreError
      }
      if (failure) stopping.abort()
    },
  )
  if (signal.aborted) return
  throw failure ?? new StoreError('Unavailable', 'Cannot go on with the watch: etcd has ended it')
}

function refusal({ compactRevision, cancelReason }: { compactRevision: number; cancelReason: string }) {
  if (compactRevision === 0) {
    return new StoreError(
      'Unavailable',
      `Cannot go on with the watch: ${cancelReason || 'etcd has ended it'}`,
    )
  }
  const message = `Cannot watch from there: etcd has forgotten what was before revision ${compactRevision}`
  return new StoreError('Compacted', message, { revision: compactRevision })
}
