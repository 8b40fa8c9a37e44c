// SPDY/3.1 frames (the public draft "SPDY Protocol - Draft 3.1", section 2.6): the part of the protocol that
// kubectl's exec, attach and port-forward use. Headers of ours are sent as stored deflate blocks, which need
// no compressor.

/** Words and texts that the draft (section 2.6.10.1) presets the header compression with. */
const words =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age ' +
  'allow authorization cache-control connection content-base content-encoding content-language content-length ' +
  'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
  'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding ' +
  'upgrade user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public ' +
  'set-cookie keep-alive origin'
const codes = '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505'
const texts =
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.alloc(4 + text.length)
  bytes.writeUInt32BE(text.length)
  bytes.write(text, 4, 'latin1')
  return bytes
}

export const headerDictionary: Buffer = Buffer.concat([
  ...words.split(' ').map(word => lengthPrefixed(word.replace('_', ' '))),
  Buffer.from(codes + texts, 'latin1'),
])

export const frameType = {
  synStream: 1,
  synReply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const

export const finFlag = 1

export interface Frame {
  /** Absent for data. */
  readonly control?: number
  /** Of a data frame. */
  readonly streamId: number
  readonly flags: number
  readonly payload: Buffer
}

const version = 3
const headLength = 8

/** Cuts a connection's bytes into frames. */
export class FrameParser {
  #chunks: Buffer[] = []
  #length = 0
  /** How many bytes there must be before there is anything to cut. */
  #needed = headLength

  /** Throws for another version of the protocol. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length < this.#needed) return []
    let buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length)
    const frames: Frame[] = []
    this.#needed = headLength
    while (buffer.length >= headLength) {
      const first = buffer.readUInt32BE(0)
      if (first >>> 31 === 1 && ((first >>> 16) & 0x7fff) !== version) {
        throw new Error('only SPDY/3.1 is spoken here')
      }
      const second = buffer.readUInt32BE(4)
      this.#needed = headLength + (second & 0xffffff)
      if (buffer.length < this.#needed) break
      const flags = second >>> 24
      const payload = buffer.subarray(headLength, this.#needed)
      if (first >>> 31 === 0) frames.push({ streamId: first, flags, payload })
      else frames.push({ control: first & 0xffff, streamId: 0, flags, payload })
      buffer = buffer.subarray(this.#needed)
      this.#needed = headLength
    }
    this.#chunks = [buffer]
    this.#length = buffer.length
    return frames
  }
}

function head(first: number, flags: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(headLength)
  bytes.writeUInt32BE(first >>> 0)
  bytes.writeUInt32BE(((flags << 24) | length) >>> 0, 4)
  return bytes
}

export function controlFrame(type: number, payload: Buffer, flags = 0): Buffer {
  return Buffer.concat([head(0x80000000 | (version << 16) | type, flags, payload.length), payload])
}

/** Header and payload apart, so that the payload need not be copied. */
export const dataFrameHead = (streamId: number, length: number, flags = 0): Buffer =>
  head(streamId & 0x7fffffff, flags, length)

export function numbers(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index)
  return bytes
}

export type Headers = Readonly<Record<string, string>>

/** The block before compression: a count, then names and values with their lengths. */
export function encodeHeaders(headers: Headers): Buffer {
  const entries = Object.entries(headers)
  return Buffer.concat([
    numbers(entries.length),
    ...entries.flatMap(([name, value]) => [lengthPrefixed(name.toLowerCase()), lengthPrefixed(value)]),
  ])
}

export function decodeHeaders(block: Buffer): Headers {
  const headers: Record<string, string> = Object.create(null)
  let offset = 4
  const text = () => {
    const end = offset + 4 + block.readUInt32BE(offset)
    if (end > block.length) throw new Error('a SPDY header block is cut short')
    const value = block.toString('latin1', offset + 4, end)
    offset = end
    return value
  }
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text().toLowerCase()
    headers[name] = text()
  }
  return headers
}

/** zlib without a preset dictionary, which a receiver that has one accepts as well. */
const zlibHead = Buffer.from([0x78, 0x01])

/** An empty stored block: where a compressor was flushed, and what Go's reader waits for. */
const flushMark = Buffer.from([0, 0, 0, 0xff, 0xff])

/** A header block as one stored deflate block; the first of a connection begins the zlib stream. */
export function storedBlock(block: Buffer, isFirst: boolean): Buffer {
  const { length } = block
  const around = Buffer.from([0, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff])
  return Buffer.concat([...(isFirst ? [zlibHead] : []), around, block, flushMark])
}
