// A SPDY/3.1 connection, either side, as kubectl's exec, attach and port-forward use it: streams that the
// client creates, each a Duplex with headers. There is no flow control: kubectl sends no WINDOW_UPDATE and
// expects none.
import { Duplex } from 'node:stream'
import { constants, createInflate } from 'node:zlib'
import {
  controlFrame,
  dataFrameHead,
  decodeHeaders,
  encodeHeaders,
  type Frame,
  FrameParser,
  finFlag,
  frameType,
  type Headers,
  headerDictionary,
  numbers,
  storedBlock,
} from './spdyframes.ts'

const maxDataBytes = 64 * 1024
/** So much of a stream's data may wait for its reader before the connection is read no further. */
const maxWaitingBytes = 1024 * 1024
/** Of one block, inflated; kubectl's have some hundred bytes. */
const maxHeaderBytes = 256 * 1024
/** Open at the same time: a forwarded connection has two. */
const maxStreams = 2000
const refusedStatus = 3
const cancelStatus = 5

export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: Headers
  readonly #connection: SpdyConnection
  #sentEnd = false
  #gotEnd = false
  /** Of a stream of our own: what is to be done when the other side knows of it. */
  #waiting: (() => void)[] | undefined

  constructor(connection: SpdyConnection, id: number, options: { headers: Headers; isOwn: boolean }) {
    super({ readableHighWaterMark: maxWaitingBytes, allowHalfOpen: true })
    this.id = id
    this.headers = options.headers
    this.#connection = connection
    if (options.isOwn) this.#waiting = []
  }

  /** The other side knows of it now: servers written in Go drop data that comes sooner. */
  replied() {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const send of waiting) send()
  }

  #whenReplied(send: () => void) {
    if (this.#waiting) this.#waiting.push(send)
    else send()
  }

  receive(data: Buffer, isLast: boolean) {
    if (data.length > 0 && !this.#gotEnd && !this.push(data)) this.#connection.hold(this)
    if (!isLast || this.#gotEnd) return
    this.#gotEnd = true
    this.push(null)
  }

  /** The connection is over: what has come whole can still be read. */
  disconnect() {
    if (!this.#gotEnd || this.readableEnded || this.#waiting) this.destroy()
    else this.end()
  }

  override _read() {
    this.#connection.release(this)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void) {
    this.#whenReplied(() => this.#connection.sendData(this.id, chunk, done))
  }

  override _final(done: () => void) {
    this.#whenReplied(() => {
      this.#sentEnd = true
      this.#connection.sendEnd(this.id)
      done()
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void) {
    this.#connection.release(this)
    this.#connection.forget(this, { reset: !(this.#sentEnd && this.#gotEnd) })
    done(error)
  }
}

/** Inflates the header blocks of one connection, which share their history. */
class HeaderInflater {
  readonly #inflate = createInflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH })
  #parts: Buffer[] = []
  #length = 0

  constructor() {
    this.#inflate.on('data', (part: Buffer) => {
      this.#parts.push(part)
      this.#length += part.length
      if (this.#length > maxHeaderBytes) this.#inflate.destroy(new Error('a SPDY header block is too large'))
    })
    this.#inflate.on('error', () => undefined)
  }

  next(block: Buffer): Promise<Headers> {
    this.#parts = []
    this.#length = 0
    return new Promise((resolve, reject) => {
      this.#inflate.once('error', reject)
      this.#inflate.write(block, error => {
        if (error) return reject(error)
        // What has not been handed out yet is with this.
        while (this.#inflate.read() !== null);
        this.#inflate.off('error', reject)
        try {
          resolve(decodeHeaders(Buffer.concat(this.#parts)))
        } catch (cause) {
          reject(cause)
        }
      })
    })
  }

  close() {
    this.#inflate.destroy()
  }
}

export interface SpdyHandlers {
  readonly onStream: (stream: SpdyStream) => void
  /** The connection is over, by either side. */
  readonly onClose: () => void
}

export class SpdyConnection {
  readonly #socket: Duplex
  readonly #handlers: SpdyHandlers
  readonly #parser = new FrameParser()
  readonly #inflater = new HeaderInflater()
  readonly #streams = new Map<number, SpdyStream>()
  /** Who cannot take more: streams, and the inflater. */
  readonly #held = new Set<object>()
  #waiting: Frame[] = []
  #waitingBytes = 0
  #isInflating = false
  #isClosed = false
  #hasSentHeaders = false
  /** Those of a client are odd. */
  #nextId = 1

  /** `head` is what came with the request that upgraded the connection. */
  constructor(socket: Duplex, head: Buffer, handlers: SpdyHandlers) {
    this.#socket = socket
    this.#handlers = handlers
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.end())
    socket.once('close', () => this.#closed())
    if (head.length > 0) this.#receive(head)
  }

  #receive(chunk: Buffer) {
    try {
      for (const frame of this.#parser.push(chunk)) {
        this.#waiting.push(frame)
        this.#waitingBytes += frame.payload.length
      }
      this.#process()
      if (this.#waitingBytes > maxWaitingBytes) this.hold(this.#inflater)
    } catch {
      this.destroy()
    }
  }

  /** Frames in order: those behind a header block wait until it is inflated. */
  #process() {
    while (!this.#isInflating) {
      const frame = this.#waiting.shift()
      if (!frame) break
      this.#waitingBytes -= frame.payload.length
      if (frame.control === undefined) {
        this.#streams.get(frame.streamId)?.receive(frame.payload, (frame.flags & finFlag) !== 0)
      } else this.#control(frame.control, frame)
    }
    if (this.#waiting.length === 0) this.release(this.#inflater)
  }

  #control(type: number, { payload, flags }: Frame) {
    switch (type) {
      case frameType.synStream:
        this.#open(payload.readUInt32BE(0) & 0x7fffffff, payload.subarray(10), flags)
        break
      case frameType.synReply: {
        const stream = this.#streams.get(payload.readUInt32BE(0) & 0x7fffffff)
        this.#inflate(payload.subarray(4), () => stream?.replied())
        break
      }
      case frameType.headers:
        // Nothing uses them, but their block is part of the compression's history.
        this.#inflate(payload.subarray(4), () => undefined)
        break
      case frameType.reset:
        this.#streams.get(payload.readUInt32BE(0) & 0x7fffffff)?.destroy()
        break
      case frameType.ping:
        // Who asks without ever listening is cut off.
        if (this.#socket.writableLength > maxWaitingBytes) this.destroy()
        else this.#socket.write(controlFrame(frameType.ping, payload))
        break
      case frameType.goAway:
        if (this.#streams.size === 0) this.close()
        break
    }
  }

  #inflate(block: Buffer, use: (headers: Headers) => void) {
    this.#isInflating = true
    const inflated = this.#inflater.next(block).then(headers => {
      this.#isInflating = false
      use(headers)
      this.#process()
    })
    void inflated
      .catch(() => {
        this.#isInflating = false
        this.destroy()
      })
      .then(() => {
        if (this.#isClosed) this.#closed()
      })
  }

  #open(id: number, block: Buffer, flags: number) {
    this.#inflate(block, headers => {
      if (this.#streams.has(id)) throw new Error(`stream ${id} is open already`)
      if (this.#streams.size >= maxStreams) {
        this.#socket.write(controlFrame(frameType.reset, numbers(id, refusedStatus)))
        return
      }
      const stream = new SpdyStream(this, id, { headers, isOwn: false })
      stream.on('error', () => undefined)
      this.#streams.set(id, stream)
      this.#socket.write(controlFrame(frameType.synReply, Buffer.concat([numbers(id), this.#block({})])))
      if ((flags & finFlag) !== 0) stream.receive(Buffer.alloc(0), true)
      this.#handlers.onStream(stream)
    })
  }

  #block(headers: Headers): Buffer {
    const isFirst = !this.#hasSentHeaders
    this.#hasSentHeaders = true
    return storedBlock(encodeHeaders(headers), isFirst)
  }

  /** As the client; one that is ended from the beginning carries data only towards it. */
  openStream(headers: Headers, { isEnded = false } = {}): SpdyStream {
    const id = this.#nextId
    this.#nextId += 2
    const stream = new SpdyStream(this, id, { headers, isOwn: true })
    stream.on('error', () => undefined)
    this.#streams.set(id, stream)
    const payload = Buffer.concat([numbers(id, 0), Buffer.alloc(2), this.#block(headers)])
    this.#socket.write(controlFrame(frameType.synStream, payload))
    if (isEnded) stream.end()
    return stream
  }

  hold(reason: object) {
    this.#held.add(reason)
    this.#socket.pause()
  }

  release(reason: object) {
    if (this.#held.delete(reason) && this.#held.size === 0) this.#socket.resume()
  }

  sendData(id: number, chunk: Buffer, done: (error?: Error | null) => void) {
    if (this.#socket.destroyed) return done(new Error('the connection is closed'))
    this.#socket.cork()
    for (let start = 0; start < chunk.length; start += maxDataBytes) {
      const part = chunk.subarray(start, start + maxDataBytes)
      this.#socket.write(dataFrameHead(id, part.length))
      const isLast = start + maxDataBytes >= chunk.length
      this.#socket.write(part, isLast ? error => done(error) : undefined)
    }
    if (chunk.length === 0) done()
    this.#socket.uncork()
  }

  sendEnd(id: number) {
    if (!this.#socket.destroyed) this.#socket.write(dataFrameHead(id, 0, finFlag))
  }

  forget(stream: SpdyStream, { reset }: { readonly reset: boolean }) {
    this.#streams.delete(stream.id)
    if (reset && !this.#socket.destroyed && this.#socket.writable) {
      this.#socket.write(controlFrame(frameType.reset, numbers(stream.id, cancelStatus)))
    }
  }

  /** Ends the connection once everything written is sent. */
  close() {
    if (this.#socket.writable) this.#socket.end(controlFrame(frameType.goAway, numbers(0, 0)))
  }

  destroy() {
    this.#socket.destroy()
  }

  /** What came before the end is still told apart. */
  #closed() {
    this.#isClosed = true
    if (this.#isInflating) return
    this.#inflater.close()
    for (const stream of [...this.#streams.values()]) stream.disconnect()
    this.#handlers.onClose()
  }
}
