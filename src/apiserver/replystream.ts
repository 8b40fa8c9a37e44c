// A reply that goes on, over HTTP/1.1 or HTTP/2. On HTTP/1.1 the chunks are framed here and written to the
// socket at once (RFC 9112, section 7.1): one write per batch, and clients that get the same batch share
// its framed bytes.
import type { ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { ReplyStream } from './request.ts'

interface Framed {
  readonly chunks: readonly Buffer[]
  readonly bytes: Buffer
}

let lastFramed: Framed = { chunks: [], bytes: Buffer.alloc(0) }

const sameChunks = (a: readonly Buffer[], b: readonly Buffer[]) =>
  a.length === b.length && a.every((chunk, index) => chunk === b[index])

/** One HTTP chunk around all of `chunks`, which hold at least one byte. */
export function frameChunks(chunks: readonly Buffer[]): Buffer {
  if (sameChunks(lastFramed.chunks, chunks)) return lastFramed.bytes
  let length = 0
  for (const chunk of chunks) length += chunk.length
  const head = `${length.toString(16)}\r\n`
  const bytes = Buffer.allocUnsafe(head.length + length + 2)
  let offset = bytes.write(head, 0, 'latin1')
  for (const chunk of chunks) offset += chunk.copy(bytes, offset)
  bytes.write('\r\n', offset, 'latin1')
  lastFramed = { chunks: [...chunks], bytes }
  return bytes
}

const withContent = (chunks: readonly Buffer[]) => chunks.some(chunk => chunk.length > 0)

/** `response` has its head written, with `transfer-encoding: chunked`. */
export function http1Stream(response: ServerResponse, socket: Socket): ReplyStream {
  return {
    write(chunks) {
      if (withContent(chunks) && !response.writableEnded && !socket.destroyed) {
        socket.write(frameChunks(chunks))
      }
    },
    get pendingBytes() {
      return socket.writableLength
    },
    end: () => void response.end(),
    destroy: () => void socket.destroy(),
    onClose: callback => void response.once('close', callback),
    onDrain(callback) {
      socket.on('drain', callback)
      response.once('close', () => socket.off('drain', callback))
    },
  }
}

/** Also serves HTTP/1.0 clients, who get no chunks. */
export function plainStream(response: ServerResponse | Http2ServerResponse): ReplyStream {
  const target = 'stream' in response ? response.stream : response
  return {
    write(chunks) {
      if (!withContent(chunks) || response.writableEnded || target.destroyed) return
      target.write(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    },
    get pendingBytes() {
      return target.writableLength
    },
    end: () => void response.end(),
    // Without a code the client takes what it has for the whole.
    destroy: () =>
      'stream' in response
        ? response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
        : void response.destroy(),
    onClose: callback => void response.once('close', callback),
    onDrain: callback => void target.on('drain', callback),
  }
}
