// Writes protobuf's wire format from the end to the start, as gogo's generated code does: a block's length is
// known once its content is there, so nothing is measured twice or copied.
import { blockWire, fixed64Wire, varintWire } from './reader.ts'

const firstSize = 4096

export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(firstSize)
  #start = firstSize

  /** Bytes written so far. */
  get length(): number {
    return this.#bytes.length - this.#start
  }

  #reserve(count: number) {
    if (count <= this.#start) return
    const { length } = this
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, length + count))
    this.#bytes.copy(larger, larger.length - length, this.#start)
    this.#bytes = larger
    this.#start = larger.length - length
  }

  bytes(bytes: Buffer) {
    this.#reserve(bytes.length)
    this.#start -= bytes.length
    bytes.copy(this.#bytes, this.#start)
  }

  text(text: string): void {
    const length = Buffer.byteLength(text)
    this.#reserve(length)
    this.#start -= length
    this.#bytes.write(text, this.#start)
  }

  /** A number that is not negative. */
  #unsigned(value: number) {
    let size = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
    this.#reserve(size)
    this.#start -= size
    let rest = value
    for (let index = 0; index < size; index++) {
      const more = index < size - 1 ? 0x80 : 0
      this.#bytes[this.#start + index] = (rest % 0x80) | more
      rest = Math.floor(rest / 0x80)
    }
  }

  varint(value: number) {
    if (value >= 0) {
      this.#unsigned(value)
      return
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    const bytes = Buffer.alloc(10)
    for (let index = 0; index < bytes.length; index++) {
      bytes[index] = Number(rest & 0x7fn) | (index < bytes.length - 1 ? 0x80 : 0)
      rest >>= 7n
    }
    this.bytes(bytes)
  }

  double(value: number) {
    this.#reserve(8)
    this.#start -= 8
    this.#bytes.writeDoubleLE(value, this.#start)
  }

  tag(number: number, wire: number) {
    this.#unsigned(number * 8 + wire)
  }

  numberField(number: number, value: number) {
    this.varint(value)
    this.tag(number, varintWire)
  }

  doubleField(number: number, value: number) {
    this.double(value)
    this.tag(number, fixed64Wire)
  }

  textField(number: number, text: string) {
    const before = this.length
    this.text(text)
    this.endBlock(number, before)
  }

  bytesField(number: number, bytes: Buffer) {
    this.bytes(bytes)
    this.#unsigned(bytes.length)
    this.tag(number, blockWire)
  }

  /** Completes a block whose content is what was written since the length was `before`. */
  endBlock(number: number, before: number) {
    this.#unsigned(this.length - before)
    this.tag(number, blockWire)
  }

  /** The bytes written; the writer is done. */
  finish(): Buffer {
    return this.#bytes.subarray(this.#start)
  }
}
