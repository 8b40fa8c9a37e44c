// Reads protobuf's wire format (protobuf.dev/programming-guides/encoding): numbers, blocks and tags. It
// trusts nothing: whatever is cut short, too long or of no known form is a ProtobufError.

/** Bytes that are not the message that they should be. */
export class ProtobufError extends Error {
  /** What is wrong with them. */
  readonly why: string

  constructor(why: string) {
    super(`Cannot read a protobuf message: ${why}`)
    this.name = 'ProtobufError'
    this.why = why
  }
}

export const varintWire = 0
export const fixed64Wire = 1
export const blockWire = 2
export const fixed32Wire = 5

const wireNames: Readonly<Record<number, string>> = {
  [varintWire]: 'number',
  [fixed64Wire]: 'double',
  [blockWire]: 'block',
}

export class ProtobufReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new ProtobufError('it ends within a number')
    return byte
  }

  /** Up to 64 bits, of which the sign is the reader's to know. */
  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new ProtobufError('a number is too long')
  }

  /** Most numbers take a few bytes: those need no bigint. */
  integer(): number {
    const start = this.#at
    let value = 0
    for (let scale = 1; scale <= 0x200000; scale *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    this.#at = start
    return Number(BigInt.asIntN(64, this.varint()))
  }

  int32(): number {
    return this.integer() | 0
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length) throw new ProtobufError('it ends within a field')
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return part
  }

  block(): Buffer {
    return this.take(this.integer())
  }

  /** The next field's number and wire type. */
  tag(): { readonly number: number; readonly wire: number } {
    const tag = this.integer()
    if (tag < 8 || tag > 0xffffffff) throw new ProtobufError(`illegal tag ${tag}`)
    return { number: tag >>> 3, wire: tag & 7 }
  }

  expect(wire: number, expected: number, name: string) {
    if (wire !== expected) {
      throw new ProtobufError(`field ${name} has wire type ${wire}, expected a ${wireNames[expected]}`)
    }
  }

  /** Passes over a value; false when it was empty. */
  skip(wire: number): boolean {
    switch (wire) {
      case varintWire:
        return this.varint() !== 0n
      case fixed64Wire:
        return this.take(8).some(byte => byte !== 0)
      case blockWire:
        return this.block().length > 0
      case fixed32Wire:
        return this.take(4).some(byte => byte !== 0)
      default:
        throw new ProtobufError(`wire type ${wire}`)
    }
  }
}
