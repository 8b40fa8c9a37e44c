// Reads Kubernetes' protobuf encoding of objects, which clients from 1.32 on write: the text `k8s\0`, then a
// runtime.Unknown around the object (apimachinery pkg/runtime/serializer/protobuf).

import { blockWire, fixed64Wire, ProtobufError, ProtobufReader, varintWire } from '../protobuf/reader.ts'
import { parseJSON } from './jsonsyntax.ts'
import { apiVersionOf, parseAPIVersion } from './object.ts'
import {
  brokenProtobuf,
  type Entry,
  type Form,
  loadMessages,
  type Message,
  type Messages,
  type Union,
} from './protobufmessages.ts'
import { type Field, loadSchema, type Struct, type ValueType } from './schema.ts'

export const protobufMagic = Buffer.from('k8s\0')

/** Objects nest as deeply as JSONSchemaProps do; what is deeper is an attack. */
const maxDepth = 250

/** The years 1 to 9999, which is what Go's times can be written as. */
const firstSecond = -62135596800
const lastSecond = 253402300799

/** The fields of a small message as numbers and bytes. */
function simple(bytes: Buffer): ReadonlyMap<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>()
  const reader = new ProtobufReader(bytes)
  while (!reader.isDone) {
    const { number, wire } = reader.tag()
    if (wire === blockWire) fields.set(number, reader.block())
    else if (wire === varintWire) fields.set(number, reader.integer())
    else reader.skip(wire)
  }
  return fields
}

const text = (value: number | Buffer | undefined) => (Buffer.isBuffer(value) ? value.toString() : '')

function time(bytes: Buffer, withMicros: boolean): string | undefined {
  if (bytes.length === 0) return undefined
  const fields = simple(bytes)
  const seconds = Number(fields.get(1) ?? 0)
  if (!(seconds >= firstSecond && seconds <= lastSecond)) throw brokenProtobuf('a time is out of range')
  const start = new Date(seconds * 1000).toISOString().slice(0, 19)
  const micros = Math.floor(Number(fields.get(2) ?? 0) / 1000)
  if (!(micros >= 0 && micros < 1e6)) throw brokenProtobuf('a time is out of range')
  return withMicros ? `${start}.${String(micros).padStart(6, '0')}Z` : `${start}Z`
}

function intOrString(bytes: Buffer): number | string {
  const fields = simple(bytes)
  return fields.get(1) === 1 ? text(fields.get(3)) : Number(fields.get(2) ?? 0) | 0
}

function raw(bytes: Buffer): unknown {
  const json = simple(bytes).get(1)
  if (!Buffer.isBuffer(json) || json.length === 0) return undefined
  try {
    return parseJSON(json.toString())
  } catch {
    throw brokenProtobuf('a raw value in it is not JSON')
  }
}

type JSONObject = Record<string, unknown>

interface Value {
  readonly reader: ProtobufReader
  readonly wire: number
  readonly field: Field
  readonly depth: number
}

/** Numbers of the messages around JSONSchemaProps; the other member is the union's own. */
const schemaNumber = { list: 1, names: 1, bool: 2 } as const

class Decoder {
  readonly #messages: Messages

  constructor(messages: Messages) {
    this.#messages = messages
  }

  message(struct: Struct, bytes: Buffer, depth = 0): JSONObject {
    if (depth > maxDepth) throw brokenProtobuf('it is nested too deeply')
    const target: JSONObject = {}
    this.#fill(target, bytes, { message: this.#messages.of(struct), depth })
    return target
  }

  #fill(target: JSONObject, bytes: Buffer, of: { readonly message: Message; readonly depth: number }) {
    const reader = new ProtobufReader(bytes)
    const { message, depth } = of
    while (!reader.isDone) {
      const { number, wire } = reader.tag()
      const entry = message.byNumber.get(number)
      if (!entry) this.#unknown(reader, { number, wire }, message.struct)
      else if ('inlined' in entry) {
        reader.expect(wire, blockWire, message.struct.goName)
        this.#fill(target, reader.block(), { message: entry.inlined, depth })
      } else this.#set(target, entry, { reader, wire, field: entry.field, depth })
    }
  }

  /** Fields that are always written may be empty; one that says something must not get lost. */
  #unknown(reader: ProtobufReader, { number, wire }: { number: number; wire: number }, struct: Struct) {
    if (reader.skip(wire)) {
      throw brokenProtobuf(`field ${number} of ${struct.goName} is only understood as JSON`)
    }
  }

  #set(target: JSONObject, entry: Extract<Entry, { field: Field }>, from: Value) {
    const { name, type, dropsEmpty } = entry.field
    const { form } = entry
    if (type.code === '[' && form !== 'wrapped') {
      target[name] ??= []
      this.#append(target[name] as unknown[], type.of!, from)
      return
    }
    if (type.code === '{') {
      target[name] ??= {}
      from.reader.expect(from.wire, blockWire, name)
      const { key, value } = this.#pair(type.of!, from.reader.block(), entry, from.depth)
      const property = { value, enumerable: true, writable: true, configurable: true }
      Object.defineProperty(target[name], key, property)
      return
    }
    const value = this.#formed(form, type, from)
    const isEmpty = value === '' || value === 0 || value === false
    if (value !== undefined && !(dropsEmpty && isEmpty)) target[name] = value
  }

  #append(list: unknown[], type: ValueType, from: Value) {
    const { reader, wire } = from
    const isPacked = wire === blockWire && (type.code === 'i' || type.code === 'l' || type.code === 'b')
    if (!isPacked) {
      list.push(this.#value(type, from))
      return
    }
    const packed = { ...from, reader: new ProtobufReader(reader.block()), wire: varintWire }
    while (!packed.reader.isDone) list.push(this.#value(type, packed))
  }

  #pair(type: ValueType, bytes: Buffer, ...[entry, depth]: [Extract<Entry, { field: Field }>, number]) {
    const reader = new ProtobufReader(bytes)
    const { field, form } = entry
    let key = ''
    let value: unknown = type.code === 's' || type.code === 'y' ? '' : undefined
    while (!reader.isDone) {
      const { number, wire } = reader.tag()
      const from = { reader, wire, field, depth }
      if (number === 1) {
        reader.expect(wire, blockWire, field.name)
        key = reader.block().toString()
      } else if (number === 2) value = this.#formed(form, type, from)
      else reader.skip(wire)
    }
    return { key, value }
  }

  #formed(form: Form | undefined, type: ValueType, from: Value): unknown {
    return form === undefined || form === 'wrapped' ? this.#value(type, from) : this.#union(form, from)
  }

  /** JSONSchemaPropsOrArray, OrBool and OrStringArray. */
  #union(union: Union, { reader, wire, field, depth }: Value): unknown {
    reader.expect(wire, blockWire, field.name)
    const inner = new ProtobufReader(reader.block())
    const several: unknown[] = []
    let one: unknown
    let allows = false
    while (!inner.isDone) {
      const { number, wire: innerWire } = inner.tag()
      if (union === 'bool' && number === 1) {
        inner.expect(innerWire, varintWire, field.name)
        allows = inner.varint() !== 0n
      } else if (number === 1 || number === 2) {
        inner.expect(innerWire, blockWire, field.name)
        const block = inner.block()
        if (number === schemaNumber[union]) one = this.#schema(block, depth)
        else several.push(union === 'names' ? block.toString() : this.#schema(block, depth))
      } else inner.skip(innerWire)
    }
    if (one !== undefined) return one
    return union === 'bool' ? allows : several
  }

  #schema(block: Buffer, depth: number) {
    return this.message(this.#messages.jsonSchema.struct, block, depth + 1)
  }

  /** A list that is the value of a map is a message around it. */
  #wrappedList(type: ValueType, bytes: Buffer, from: Value): unknown[] {
    const reader = new ProtobufReader(bytes)
    const list: unknown[] = []
    while (!reader.isDone) {
      const { number, wire } = reader.tag()
      if (number === 1) this.#append(list, type.of!, { ...from, reader, wire })
      else reader.skip(wire)
    }
    return list
  }

  #value(type: ValueType, from: Value): unknown {
    const { reader, wire, field } = from
    switch (type.code) {
      case 'b':
        reader.expect(wire, varintWire, field.name)
        return reader.varint() !== 0n
      case 'i':
        reader.expect(wire, varintWire, field.name)
        return reader.int32()
      case 'l':
        reader.expect(wire, varintWire, field.name)
        return reader.integer()
      case 'd':
        reader.expect(wire, fixed64Wire, field.name)
        return reader.take(8).readDoubleLE()
    }
    reader.expect(wire, blockWire, field.name)
    return this.#blockValue(type, reader.block(), from)
  }

  #blockValue(type: ValueType, bytes: Buffer, from: Value): unknown {
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
        return this.#wrappedList(type, bytes, from)
      default:
        return this.message(type.struct!, bytes, from.depth + 1)
    }
  }
}

/** The object as plain JSON data with its apiVersion and kind. Throws BadRequest. */
export async function decodeProtobuf(bytes: Buffer): Promise<JSONObject> {
  try {
    return await decodeUnknown(bytes)
  } catch (error) {
    throw error instanceof ProtobufError ? brokenProtobuf(error.why) : error
  }
}

/** What stands in a runtime.Unknown. */
async function decodeUnknown(bytes: Buffer): Promise<JSONObject> {
  if (!bytes.subarray(0, protobufMagic.length).equals(protobufMagic)) {
    throw brokenProtobuf(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    )
  }
  const unknown = simple(bytes.subarray(protobufMagic.length))
  const type = unknown.get(1)
  const object = unknown.get(2)
  const typeFields = simple(Buffer.isBuffer(type) ? type : Buffer.alloc(0))
  const [apiVersion, kind] = [text(typeFields.get(1)), text(typeFields.get(2))]
  const gvk = { ...parseAPIVersion(apiVersion), kind }
  const struct = loadSchema().kind(gvk)
  if (!struct) throw brokenProtobuf(`no kind "${kind}" is registered for version "${apiVersionOf(gvk)}"`)
  const decoder = new Decoder(await loadMessages())
  const decoded = decoder.message(struct, Buffer.isBuffer(object) ? object : Buffer.alloc(0))
  return { kind, apiVersion, ...decoded }
}
