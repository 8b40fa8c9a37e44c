// Reads Kubernetes' protobuf encoding of objects, which clients from 1.32 on write: the text `k8s\0`, then a
// runtime.Unknown around the object (apimachinery pkg/runtime/serializer/protobuf). Types come from the
// schema, field numbers from protobufnumbers.json: `1:name`, and `2:( 1:hostPath )` for a message that JSON
// inlines.

import { apiVersionOf, parseAPIVersion } from './object.ts'
import { type Field, loadSchema, type Struct, type ValueType } from './schema.ts'
import { badRequest } from './status.ts'

type Numbers = ReadonlyMap<number, string | Numbers>

const magic = Buffer.from('k8s\0')

const broken = (why: string) => badRequest(`cannot read the protobuf body: ${why}`)

class Reader {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get isDone(): boolean {
    return this.at >= this.bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw broken('it ends within a number')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw broken('a number is too long')
  }

  integer(): number {
    return Number(BigInt.asIntN(64, this.varint()))
  }

  take(length: number): Buffer {
    const end = this.at + length
    if (length < 0 || end > this.bytes.length) throw broken('it ends within a field')
    const part = this.bytes.subarray(this.at, end)
    this.at = end
    return part
  }

  block(): Buffer {
    return this.take(this.integer())
  }

  /** The next field's number and wire type. */
  tag(): { readonly number: number; readonly wire: number } {
    const tag = this.integer()
    return { number: tag >>> 3, wire: tag & 7 }
  }

  /** Passes over a value; false when it was empty. */
  skip(wire: number): boolean {
    switch (wire) {
      case 0:
        return this.varint() !== 0n
      case 1:
        return this.take(8).some(byte => byte !== 0)
      case 2:
        return this.block().length > 0
      case 5:
        return this.take(4).some(byte => byte !== 0)
      default:
        throw broken(`wire type ${wire}`)
    }
  }
}

/** The fields of a small message as numbers and bytes. */
function simple(bytes: Buffer): ReadonlyMap<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>()
  const reader = new Reader(bytes)
  while (!reader.isDone) {
    const { number, wire } = reader.tag()
    if (wire === 2) fields.set(number, reader.block())
    else if (wire === 0) fields.set(number, reader.integer())
    else reader.skip(wire)
  }
  return fields
}

const text = (value: number | Buffer | undefined) => (Buffer.isBuffer(value) ? value.toString() : '')

function time(bytes: Buffer, withMicros: boolean): string | undefined {
  if (bytes.length === 0) return undefined
  const fields = simple(bytes)
  const seconds = Number(fields.get(1) ?? 0)
  const start = new Date(seconds * 1000).toISOString().slice(0, 19)
  const micros = Math.floor(Number(fields.get(2) ?? 0) / 1000)
  return withMicros ? `${start}.${String(micros).padStart(6, '0')}Z` : `${start}Z`
}

function intOrString(bytes: Buffer): number | string {
  const fields = simple(bytes)
  return fields.get(1) === 1 ? text(fields.get(3)) : Number(fields.get(2) ?? 0)
}

function raw(bytes: Buffer): unknown {
  const json = simple(bytes).get(1)
  return Buffer.isBuffer(json) && json.length > 0 ? JSON.parse(json.toString()) : undefined
}

/** `1:name 2:( 1:hostPath 2:emptyDir )` */
function parseNumbers(words: string[]): Numbers {
  const numbers = new Map<number, string | Numbers>()
  for (let word = words.shift(); word !== undefined && word !== ')'; word = words.shift()) {
    const colon = word.indexOf(':')
    const name = word.slice(colon + 1)
    numbers.set(Number(word.slice(0, colon)), name === '(' ? parseNumbers(words) : name)
  }
  return numbers
}

type JSONObject = Record<string, unknown>

class Decoder {
  readonly #table: Readonly<Record<string, string>>
  readonly #known = new Map<string, Numbers>()

  constructor(table: Readonly<Record<string, string>>) {
    this.#table = table
  }

  #numbersOf(struct: Struct): Numbers {
    const known = this.#known.get(struct.name)
    if (known) return known
    const found = this.#table[struct.name.replace(/^io\.k8s\.(api\.)?/, '')]
    if (found === undefined) throw broken(`${struct.goName} is only understood as JSON`)
    const numbers = parseNumbers(found.split(' '))
    this.#known.set(struct.name, numbers)
    return numbers
  }

  message(struct: Struct, bytes: Buffer): JSONObject {
    const target: JSONObject = {}
    this.#fill(target, bytes, { struct, numbers: this.#numbersOf(struct) })
    return target
  }

  #fill(target: JSONObject, bytes: Buffer, of: { readonly struct: Struct; readonly numbers: Numbers }) {
    const reader = new Reader(bytes)
    while (!reader.isDone) {
      const { number, wire } = reader.tag()
      const entry = of.numbers.get(number)
      if (entry instanceof Map) this.#fill(target, reader.block(), { ...of, numbers: entry })
      else if (entry === undefined) this.#unknown(reader, { number, wire }, of.struct)
      else this.#set(target, of.struct.fields.get(entry as string)!, { reader, wire })
    }
  }

  /** Fields that are always written may be empty; one that says something must not get lost. */
  #unknown(reader: Reader, { number, wire }: { number: number; wire: number }, struct: Struct) {
    if (reader.skip(wire)) throw broken(`field ${number} of ${struct.goName} is only understood as JSON`)
  }

  #set(target: JSONObject, field: Field, { reader, wire }: { reader: Reader; wire: number }) {
    const { name, type } = field
    if (type.code === '[') {
      target[name] ??= []
      this.#append(target[name] as unknown[], type.of!, { reader, wire })
      return
    }
    if (type.code === '{') {
      const entry = this.#entry(type.of!, reader.block())
      target[name] ??= {}
      Object.defineProperty(target[name], entry.key, {
        value: entry.value,
        enumerable: true,
        writable: true,
        configurable: true,
      })
      return
    }
    const value = this.#value(type, { reader, wire })
    const isEmpty = value === '' || value === 0 || value === false
    if (value !== undefined && !(field.dropsEmpty && isEmpty)) target[name] = value
  }

  #append(list: unknown[], type: ValueType, { reader, wire }: { reader: Reader; wire: number }) {
    const isPacked = wire === 2 && (type.code === 'i' || type.code === 'l')
    if (!isPacked) {
      list.push(this.#value(type, { reader, wire }))
      return
    }
    const packed = new Reader(reader.block())
    while (!packed.isDone) list.push(packed.integer())
  }

  #entry(type: ValueType, bytes: Buffer): { readonly key: string; readonly value: unknown } {
    const reader = new Reader(bytes)
    let key = ''
    let value: unknown = type.code === 's' || type.code === 'y' ? '' : undefined
    while (!reader.isDone) {
      const { number, wire } = reader.tag()
      if (number === 1) key = reader.block().toString()
      else if (number === 2) value = this.#value(type, { reader, wire })
      else reader.skip(wire)
    }
    return { key, value }
  }

  /** A list that is the value of a map is a message around it. */
  #wrappedList(type: ValueType, bytes: Buffer): unknown[] {
    const reader = new Reader(bytes)
    const list: unknown[] = []
    while (!reader.isDone) {
      const { wire } = reader.tag()
      this.#append(list, type.of!, { reader, wire })
    }
    return list
  }

  #value(type: ValueType, { reader, wire }: { reader: Reader; wire: number }): unknown {
    switch (type.code) {
      case 'b':
        return reader.varint() !== 0n
      case 'i':
      case 'l':
        return reader.integer()
      case 'd':
        return wire === 1 ? reader.take(8).readDoubleLE() : reader.integer()
    }
    const bytes = reader.block()
    switch (type.code) {
      case 's':
        return bytes.toString()
      case 'y':
        return bytes.toString('base64')
      case 't':
        return time(bytes, false)
      case 'm':
        return time(bytes, true)
      case 'q':
        return text(simple(bytes).get(1))
      case 'p':
        return intOrString(bytes)
      case 'a':
        return raw(bytes)
      case '[':
        return this.#wrappedList(type, bytes)
      default:
        return this.message(type.struct!, bytes)
    }
  }
}

let decoder: Decoder | undefined

async function loadDecoder(): Promise<Decoder> {
  if (!decoder) {
    const { default: table } = await import('./protobufnumbers.json', { with: { type: 'json' } })
    decoder = new Decoder(table)
  }
  return decoder
}

/** The object as plain JSON data with its apiVersion and kind. Throws BadRequest. */
export async function decodeProtobuf(bytes: Buffer): Promise<JSONObject> {
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw broken('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  }
  const unknown = simple(bytes.subarray(magic.length))
  const type = unknown.get(1)
  const object = unknown.get(2)
  const typeFields = simple(Buffer.isBuffer(type) ? type : Buffer.alloc(0))
  const [apiVersion, kind] = [text(typeFields.get(1)), text(typeFields.get(2))]
  const gvk = { ...parseAPIVersion(apiVersion), kind }
  const struct = loadSchema().kind(gvk)
  if (!struct) throw broken(`no kind "${kind}" is registered for version "${apiVersionOf(gvk)}"`)
  const decoded = (await loadDecoder()).message(struct, Buffer.isBuffer(object) ? object : Buffer.alloc(0))
  return { kind, apiVersion, ...decoded }
}
