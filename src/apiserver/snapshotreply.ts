// The store's contents for `futago snapshot save`, at a path that only administrators may read: everything
// is in it, Secrets too.
import type { Logger } from '../component/log.ts'
import { snapshotLines } from '../storage/snapshotfile.ts'
import type { Store } from '../storage/store.ts'
import type { Reply, ReplyStream, ServerRequest } from './request.ts'

export const snapshotPath = '/futago/snapshot'

/** As much as is written before the client has taken it. */
const mostPendingBytes = 1024 * 1024

async function write(store: Store, stream: ReplyStream): Promise<void> {
  let isOpen = true
  let goOn: () => void = () => undefined
  stream.onDrain(() => goOn())
  stream.onClose(() => {
    isOpen = false
    goOn()
  })
  for await (const lines of snapshotLines(store)) {
    if (!isOpen) return
    stream.write([lines])
    if (stream.pendingBytes < mostPendingBytes) continue
    await new Promise<void>(resolve => {
      goOn = resolve
    })
  }
  stream.end()
}

/** Undefined for other paths. A client sees by the last line whether it has all. */
export function snapshotReply(request: ServerRequest, store: Store, log: Logger): Reply | undefined {
  if (request.info.path !== snapshotPath || request.method !== 'GET') return undefined
  const body = (stream: ReplyStream) => {
    write(store, stream).catch(error => {
      log.error('a snapshot ended too soon', { error: String(error) })
      stream.destroy()
    })
  }
  return { status: 200, contentType: 'application/x-ndjson', body }
}
