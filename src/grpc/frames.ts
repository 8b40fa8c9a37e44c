// Messages in the bytes of a gRPC stream: each behind a head of five bytes, whether it is compressed and how
// long it is (grpc/doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message).
import { GRPCError, grpcCode } from './error.ts'

const frameHeadBytes = 5

export function frameOf(message: Buffer): Buffer {
  const head = Buffer.alloc(frameHeadBytes)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** Cuts a body into messages. */
export class MessageParser {
  readonly #maxBytes: number
  /** What has come of the next message, put together when it is whole. */
  #chunks: Buffer[] = []
  #length = 0
  #needed = frameHeadBytes

  /** Larger messages are refused, before they have come. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** A message has begun and is not whole. */
  get isCut(): boolean {
    return this.#length > 0
  }

  /** The messages that `chunk` completes. Throws GRPCError. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    const messages: Buffer[] = []
    if (this.#length < this.#needed) return messages
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    this.#needed = frameHeadBytes
    while (bytes.length >= frameHeadBytes) {
      if (bytes[0] !== 0)
        throw new GRPCError(grpcCode.unimplemented, 'compressed messages are not understood')
      const length = bytes.readUInt32BE(1)
      if (length > this.#maxBytes) throw tooLarge(length, this.#maxBytes)
      this.#needed = frameHeadBytes + length
      if (bytes.length < this.#needed) break
      messages.push(bytes.subarray(frameHeadBytes, this.#needed))
      bytes = bytes.subarray(this.#needed)
      this.#needed = frameHeadBytes
    }
    this.#chunks = bytes.length > 0 ? [bytes] : []
    this.#length = bytes.length
    return messages
  }
}

const tooLarge = (length: number, most: number) =>
  new GRPCError(grpcCode.resourceExhausted, `grpc: received message larger than max (${length} vs. ${most})`)
