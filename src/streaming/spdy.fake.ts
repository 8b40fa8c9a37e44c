// A SPDY/3.1 client for tests: opens streams as kubectl does and compresses its headers with the dictionary.
import type { Duplex } from 'node:stream'
import { constants, createDeflate } from 'node:zlib'
import {
  controlFrame,
  dataFrameHead,
  encodeHeaders,
  FrameParser,
  finFlag,
  frameType,
  type Headers,
  headerDictionary,
  numbers,
} from './spdyframes.ts'

export interface ClientStream {
  readonly id: number
  readonly chunks: Buffer[]
  readonly replied: Promise<void>
  /** All that came, once the server has ended the stream. */
  readonly ended: Promise<Buffer>
}

interface State extends ClientStream {
  readonly onReply: () => void
  readonly onEnd: () => void
}

export class SpdyClient {
  readonly pings: number[] = []
  readonly closed: Promise<void>
  readonly #socket: Duplex
  readonly #deflate = createDeflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH })
  readonly #streams = new Map<number, State>()
  readonly #parser = new FrameParser()
  #nextId = 1

  constructor(socket: Duplex, head: Buffer = Buffer.alloc(0)) {
    this.#socket = socket
    this.closed = new Promise(resolve => socket.once('close', () => resolve()))
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    if (head.length > 0) this.#receive(head)
  }

  #receive(chunk: Buffer) {
    for (const { control, streamId, flags, payload } of this.#parser.push(chunk)) {
      if (control === frameType.ping) this.pings.push(payload.readUInt32BE(0))
      if (control === frameType.synReply) this.#streams.get(payload.readUInt32BE(0))?.onReply()
      if (control !== undefined) continue
      const stream = this.#streams.get(streamId)
      if (payload.length > 0) stream?.chunks.push(Buffer.from(payload))
      if ((flags & finFlag) !== 0) stream?.onEnd()
    }
  }

  #compress(block: Buffer): Promise<Buffer> {
    return new Promise(resolve => {
      this.#deflate.write(block, () => {
        const parts: Buffer[] = []
        for (let part = this.#deflate.read(); part !== null; part = this.#deflate.read()) parts.push(part)
        resolve(Buffer.concat(parts))
      })
    })
  }

  async open(headers: Headers, isEnded = false): Promise<ClientStream> {
    const id = this.#nextId
    this.#nextId += 2
    const chunks: Buffer[] = []
    let onReply = () => undefined as unknown
    let onEnd = () => undefined as unknown
    const replied = new Promise<void>(resolve => {
      onReply = () => resolve()
    })
    const ended = new Promise<Buffer>(resolve => {
      onEnd = () => resolve(Buffer.concat(chunks))
    })
    const stream = { id, chunks, replied, ended, onReply, onEnd }
    this.#streams.set(id, stream)
    const block = await this.#compress(encodeHeaders(headers))
    const payload = Buffer.concat([numbers(id, 0), Buffer.from([0, 0]), block])
    this.#socket.write(controlFrame(frameType.synStream, payload, isEnded ? finFlag : 0))
    return stream
  }

  send(stream: ClientStream, data: Buffer) {
    const step = 32 * 1024
    for (let start = 0; start < data.length; start += step) {
      const part = data.subarray(start, start + step)
      this.#socket.write(Buffer.concat([dataFrameHead(stream.id, part.length), part]))
    }
  }

  end(stream: ClientStream) {
    this.#socket.write(dataFrameHead(stream.id, 0, finFlag))
  }

  ping(id: number) {
    this.#socket.write(controlFrame(frameType.ping, numbers(id)))
  }

  close() {
    this.#socket.destroy()
  }
}
