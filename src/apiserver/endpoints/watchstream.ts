// A watch over HTTP. Events wait until the end of the event loop's turn, so that everything a turn brought
// goes to a client in one write; an event is encoded once for all clients; a client that does not keep up is
// cut off.
import { StatusError } from '../../api/status.ts'
import { type Clock, onNextTurn } from '../../component/clock.ts'
import type { Bookmark, StoredEvent } from '../registry/registry.ts'
import type { ReplyStream } from '../request.ts'

export type WatchItem = StoredEvent | Bookmark

export interface WatchEncoder {
  readonly contentType: string
  /** The event as one line of JSON, or as a frame. */
  encode(item: WatchItem): Buffer
  /** The ERROR event around a Status. */
  encodeError(status: object): Buffer
  /** Encodings may be shared by all streams with the same key. */
  readonly key: string
}

/** What a client may leave unread beyond its initial events before it is cut off. */
export const maxUnreadBytes = 16 * 1024 * 1024

/** As much as is handed to a connection at once; the rest waits for it to drain. */
const connectionBytes = 512 * 1024

type Encodings = Map<string, Map<WatchItem['type'], Map<object, Buffer>>>

const sizeOf = (item: WatchItem) => (item.type === 'BOOKMARK' ? 128 : item.stored.bytes.length + 64)

/** After a flush there is none for so many times as long as it took, and no longer than `longestPauseMs`. */
const pausePerFlush = 2
const longestPauseMs = 8

/**
 * Flushes all streams that got events in a turn together, sharing what is encoded. Where many clients watch,
 * a flush takes a while, and what comes meanwhile and soon after goes out in one write per client.
 */
export class WatchFlusher {
  readonly #clock: Clock
  readonly #waiting = new Set<WatchStream>()
  #pauseEnd = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  schedule(stream: WatchStream) {
    if (this.#waiting.size === 0) this.#plan()
    this.#waiting.add(stream)
  }

  #plan() {
    const pauseMs = this.#pauseEnd - this.#clock.monotonic()
    if (pauseMs >= 1) this.#clock.after(pauseMs, () => this.#flush())
    else onNextTurn(() => this.#flush())
  }

  #flush() {
    const began = this.#clock.monotonic()
    this.#flushAll()
    const ended = this.#clock.monotonic()
    this.#pauseEnd = ended + Math.min(longestPauseMs, pausePerFlush * (ended - began))
  }

  #flushAll() {
    const streams = [...this.#waiting]
    this.#waiting.clear()
    const encodings: Encodings = new Map()
    for (const stream of streams) stream.flush(encodings)
  }
}

export class WatchStream {
  readonly #stream: ReplyStream
  readonly #encoder: WatchEncoder
  readonly #flusher: WatchFlusher
  readonly #maxUnreadBytes: number
  #queue: WatchItem[] = []
  #next = 0
  #queuedBytes = 0
  /** Initial events do not count against the client. */
  #initialBytes = 0
  #started = false
  #lastLine: Buffer | undefined
  #ended = false
  /** Called once when the client is too slow. */
  onCutOff: (() => void) | undefined

  constructor(
    stream: ReplyStream,
    encoder: WatchEncoder,
    options: { readonly flusher: WatchFlusher; readonly maxUnreadBytes?: number },
  ) {
    this.#stream = stream
    this.#encoder = encoder
    this.#flusher = options.flusher
    this.#maxUnreadBytes = options.maxUnreadBytes ?? maxUnreadBytes
    stream.onDrain(() => {
      if (this.#next < this.#queue.length) this.#flusher.schedule(this)
    })
  }

  /** From now on events are no longer initial ones. */
  started() {
    this.#started = true
  }

  push(items: readonly WatchItem[]) {
    if (this.#ended) return
    for (const item of items) {
      this.#queue.push(item)
      const size = sizeOf(item)
      this.#queuedBytes += size
      if (!this.#started) this.#initialBytes += size
    }
    if (this.#queuedBytes - this.#initialBytes > this.#maxUnreadBytes) {
      this.#ended = true
      this.#queue = []
      this.#stream.destroy()
      this.onCutOff?.()
      return
    }
    this.#flusher.schedule(this)
  }

  /** The watch ends after what is queued, with an ERROR event when there is an error. */
  end(error?: unknown) {
    if (this.#ended) return
    this.#ended = true
    if (error !== undefined) {
      const status =
        error instanceof StatusError
          ? error
          : new StatusError({ code: 500, reason: 'InternalError', message: 'Internal error occurred' })
      this.#lastLine = this.#encoder.encodeError(status.toStatus())
    }
    this.#flusher.schedule(this)
  }

  flush(encodings: Encodings) {
    while (this.#next < this.#queue.length && this.#stream.pendingBytes < connectionBytes) {
      this.#stream.write(this.#take(encodings))
    }
    if (this.#next < this.#queue.length) return
    this.#queue = []
    this.#next = 0
    if (!this.#ended) return
    if (this.#lastLine) this.#stream.write([this.#lastLine])
    this.#lastLine = undefined
    this.#stream.end()
  }

  /** The next events, at most about `connectionBytes` of them. */
  #take(encodings: Encodings): Buffer[] {
    const chunks: Buffer[] = []
    let bytes = 0
    while (this.#next < this.#queue.length && bytes < connectionBytes) {
      const item = this.#queue[this.#next++]!
      const size = sizeOf(item)
      this.#queuedBytes -= size
      this.#initialBytes = Math.max(0, this.#initialBytes - size)
      const chunk = this.#encode(encodings, item)
      chunks.push(chunk)
      bytes += chunk.length
    }
    return chunks
  }

  #encode(encodings: Encodings, item: WatchItem): Buffer {
    if (item.type === 'BOOKMARK') return this.#encoder.encode(item)
    const byType = encodings.get(this.#encoder.key) ?? new Map<WatchItem['type'], Map<object, Buffer>>()
    if (byType.size === 0) encodings.set(this.#encoder.key, byType)
    const byObject = byType.get(item.type) ?? new Map<object, Buffer>()
    if (byObject.size === 0) byType.set(item.type, byObject)
    const known = byObject.get(item.stored)
    if (known) return known
    const bytes = this.#encoder.encode(item)
    byObject.set(item.stored, bytes)
    return bytes
  }
}

const heads = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
} as const
const tail = Buffer.from('}\n')

/** One line of a watch around an object's JSON. */
export const eventLine = (type: WatchItem['type'], object: Buffer): Buffer =>
  Buffer.concat([heads[type], object, tail])

/** What all encoders of lines have in common. */
export const jsonErrors: Pick<WatchEncoder, 'contentType' | 'encodeError'> = {
  contentType: 'application/json',
  encodeError: status => Buffer.from(`${JSON.stringify({ type: 'ERROR', object: status })}\n`),
}
