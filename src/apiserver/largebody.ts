// Sends a body of megabytes no faster than its reader takes it: a list is made of bytes that are shared, of
// which a copy would wait in each slow reader's connection otherwise.

import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import { nextTurn } from '../component/clock.ts'

/** From this size on a body is sent so. */
export const largeBytes = 1024 * 1024

/** As much as is handed to a connection at once. */
const pieceBytes = 256 * 1024

/** The same bytes in pieces of about `size`. */
export function* piecesOf(parts: readonly Buffer[], size = pieceBytes): Generator<Buffer> {
  let gathered: Buffer[] = []
  let length = 0
  for (const part of parts) {
    for (let start = 0; start < part.length; start += size) {
      const piece = part.length <= size ? part : part.subarray(start, start + size)
      gathered.push(piece)
      length += piece.length
      if (length < size) continue
      yield gathered.length === 1 ? piece : Buffer.concat(gathered, length)
      gathered = []
      length = 0
    }
  }
  if (length > 0) yield Buffer.concat(gathered, length)
}

/** An answer over HTTP/2 has no `destroyed` of its own. */
export const isGone = (response: ServerResponse | Http2ServerResponse): boolean =>
  response.writableEnded || ('stream' in response ? response.stream.destroyed : response.destroyed)

/** Resolves when all of it is handed to the connection, or the client has gone. */
export async function sendLarge(
  response: ServerResponse | Http2ServerResponse,
  parts: readonly Buffer[],
  options: { readonly gzip: boolean; readonly status: number; readonly headers: readonly string[] },
): Promise<void> {
  // Who asks and leaves in the same moment costs nothing: its leaving is heard first.
  await nextTurn()
  if (isGone(response)) return
  response.writeHead(options.status, options.headers as never)
  const source = Readable.from(piecesOf(parts), { highWaterMark: 1 })
  const target = 'stream' in response ? response.stream : response
  const sent = options.gzip
    ? pipeline(source, createGzip({ level: constants.Z_BEST_SPEED }), target)
    : pipeline(source, target)
  await sent.catch(() => undefined)
}
