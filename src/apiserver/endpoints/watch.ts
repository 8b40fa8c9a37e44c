// A watch over HTTP: one line of JSON or one frame of protobuf per event, until the client goes, the time
// is up or the server ends it.
import { StatusError } from '../../api/status.ts'
import type { Watch, WatchOptions } from '../registry/registry.ts'
import type { Reply, ReplyStream } from '../request.ts'
import type { Call } from './call.ts'
import { listOptionsOf } from './options.ts'
import { type WatchEncoder, type WatchFlusher, type WatchItem, WatchStream } from './watchstream.ts'

export type WatchSelection = Omit<WatchOptions, 'onEvents' | 'onEnd'>

export function watchOptionsOf(call: Call): WatchSelection {
  const { query } = call
  const timeoutSeconds = query.integer('timeoutSeconds')
  const sendInitialEvents = query.get('sendInitialEvents')
  return {
    ...listOptionsOf(call),
    ...(query.flag('allowWatchBookmarks') ? { allowWatchBookmarks: true } : {}),
    ...(sendInitialEvents ? { sendInitialEvents: query.flag('sendInitialEvents') } : {}),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  }
}

/** What the registry says before the reply's stream is open. */
class Early {
  readonly items: WatchItem[] = []
  ended: { readonly error?: unknown } | undefined
  stream: WatchStream | undefined

  push(items: readonly WatchItem[]) {
    if (this.stream) this.stream.push(items)
    else for (const item of items) this.items.push(item)
  }

  end(error?: unknown) {
    if (this.stream) this.stream.end(error)
    else this.ended = { error }
  }
}

function connect(reply: ReplyStream, early: Early, stream: WatchStream, watch: Watch) {
  early.stream = stream
  stream.onCutOff = () => watch.close()
  reply.onClose(() => watch.close())
  stream.push(early.items.splice(0))
  stream.started()
  if (early.ended) stream.end(early.ended.error)
}

/** Refusals (Expired, Invalid ...) are the reply; what happens later is an ERROR event. */
export async function watchReply(call: Call, encoder: WatchEncoder, flusher: WatchFlusher): Promise<Reply> {
  const early = new Early()
  const watch = await call.registry.watch(call.context, {
    ...watchOptionsOf(call),
    onEvents: items => early.push(items),
    onEnd: error => early.end(error),
  })
  if (early.ended && early.items.length === 0 && early.ended.error instanceof StatusError) {
    throw early.ended.error
  }
  return {
    status: 200,
    contentType: encoder.contentType,
    body: reply => connect(reply, early, new WatchStream(reply, encoder, { flusher }), watch),
  }
}
