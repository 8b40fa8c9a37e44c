// Writes objects in Kubernetes' protobuf encoding, for clients that accept nothing else: the opposite of
// protobufdecode.ts. Watch events are metav1.WatchEvents without the envelope, in frames that begin with
// their length (apimachinery pkg/runtime/serializer/protobuf, pkg/util/framer).

import { ProtobufWriter } from '../protobuf/writer.ts'
import { parseAPIVersion } from './object.ts'
import { protobufMagic } from './protobufdecode.ts'
import {
  type Entry,
  type Form,
  loadMessages,
  type Message,
  type Messages,
  type Union,
} from './protobufmessages.ts'
import { loadSchema, type Struct, type ValueType } from './schema.ts'

type JSONObject = Readonly<Record<string, unknown>>

function writeTime(writer: ProtobufWriter, text: string, withMicros: boolean) {
  const seconds = Math.floor(Date.parse(text) / 1000)
  const fraction = withMicros ? (/\.(\d{1,6})/.exec(text)?.[1] ?? '') : ''
  writer.numberField(2, Number(fraction.padEnd(6, '0')) * 1000)
  writer.numberField(1, seconds)
}

function writeIntOrString(writer: ProtobufWriter, value: number | string) {
  const isText = typeof value === 'string'
  writer.textField(3, isText ? value : '')
  writer.numberField(2, isText ? 0 : value)
  writer.numberField(1, isText ? 1 : 0)
}

class Encoder {
  readonly #messages: Messages
  readonly #writer: ProtobufWriter

  constructor(messages: Messages, writer: ProtobufWriter) {
    this.#messages = messages
    this.#writer = writer
  }

  object(struct: Struct, value: JSONObject) {
    this.#message(this.#messages.of(struct), value)
  }

  #message({ entries }: Message, value: JSONObject) {
    for (let index = entries.length - 1; index >= 0; index--) this.#entry(entries[index]!, value)
  }

  #entry(entry: Entry, value: JSONObject) {
    if ('inlined' in entry) {
      const before = this.#writer.length
      this.#message(entry.inlined, value)
      if (this.#writer.length > before) this.#writer.endBlock(entry.number, before)
      return
    }
    const content = value[entry.field.name]
    if (content === undefined || content === null) return
    const { type } = entry.field
    if (type.code === '[' && entry.form !== 'wrapped')
      this.#list(entry.number, type.of!, content as readonly unknown[])
    else if (type.code === '{') this.#map(entry, type.of!, content as JSONObject)
    else this.#value(entry, type, content)
  }

  #list(number: number, type: ValueType, items: readonly unknown[]) {
    for (let index = items.length - 1; index >= 0; index--) this.#value({ number }, type, items[index])
  }

  #map(entry: { number: number; form?: Form }, type: ValueType, pairs: JSONObject) {
    for (const key of Object.keys(pairs).sort().reverse()) {
      const before = this.#writer.length
      const value = pairs[key]
      if (value !== undefined) this.#value({ ...entry, number: 2 }, type, value)
      this.#writer.textField(1, key)
      this.#writer.endBlock(entry.number, before)
    }
  }

  #value({ number, form }: { number: number; form?: Form }, type: ValueType, value: unknown) {
    const writer = this.#writer
    switch (type.code) {
      case 'b':
        return writer.numberField(number, value ? 1 : 0)
      case 'i':
      case 'l':
        return writer.numberField(number, Number(value))
      case 'd':
        return writer.doubleField(number, Number(value))
      case 's':
        return writer.textField(number, String(value ?? ''))
      case 'y':
        return writer.bytesField(number, Buffer.from(String(value ?? ''), 'base64'))
    }
    const before = writer.length
    if (form && form !== 'wrapped') this.#union(form, value)
    else this.#block(type, value)
    writer.endBlock(number, before)
  }

  #block(type: ValueType, value: unknown) {
    if (value === null && type.code !== 'a') return
    switch (type.code) {
      case 't':
        return writeTime(this.#writer, String(value), false)
      case 'm':
        return writeTime(this.#writer, String(value), true)
      case 'q':
        return this.#writer.textField(1, String(value))
      case 'p':
        return writeIntOrString(this.#writer, value as number | string)
      case 'a':
        return this.#writer.textField(1, JSON.stringify(value))
      case '[':
        return this.#list(1, type.of!, value as readonly unknown[])
      default:
        return this.object(type.struct!, value as JSONObject)
    }
  }

  /** JSONSchemaPropsOrArray, OrBool and OrStringArray. */
  #union(union: Union, value: unknown) {
    const writer = this.#writer
    if (Array.isArray(value)) {
      for (const item of [...value].reverse()) {
        if (union === 'names') writer.textField(2, String(item))
        else this.#schema(2, item as JSONObject)
      }
    } else if (union === 'bool') {
      if (typeof value === 'object') this.#schema(2, value as JSONObject)
      writer.numberField(1, value ? 1 : 0)
    } else this.#schema(1, value as JSONObject)
  }

  #schema(number: number, value: JSONObject) {
    const before = this.#writer.length
    this.#message(this.#messages.jsonSchema, value)
    this.#writer.endBlock(number, before)
  }
}

const partialKinds: ReadonlySet<string> = new Set(['PartialObjectMetadata', 'PartialObjectMetadataList'])

function writePartialObject(encoder: Encoder, writer: ProtobufWriter, object: JSONObject) {
  const before = writer.length
  encoder.object(loadSchema().struct('ObjectMeta')!, (object.metadata ?? {}) as JSONObject)
  writer.endBlock(1, before)
}

/** In v1beta1 the two fields have each other's numbers. */
function writePartialList(encoder: Encoder, writer: ProtobufWriter, list: JSONObject) {
  const [metadata, items] = list.apiVersion === 'meta.k8s.io/v1beta1' ? [2, 1] : [1, 2]
  for (const item of [...(list.items as readonly JSONObject[])].reverse()) {
    const before = writer.length
    writePartialObject(encoder, writer, item)
    writer.endBlock(items, before)
  }
  const before = writer.length
  encoder.object(loadSchema().struct('ListMeta')!, (list.metadata ?? {}) as JSONObject)
  writer.endBlock(metadata, before)
}

const isPartial = (kind: string, apiVersion: string) =>
  (apiVersion === 'meta.k8s.io/v1' || apiVersion === 'meta.k8s.io/v1beta1') && partialKinds.has(kind)

/** Discovery's kinds are of no group and version. */
const discoveryKinds: ReadonlySet<string> = new Set([
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
])

function structOf(apiVersion: string, kind: string): Struct | undefined {
  const schema = loadSchema()
  return discoveryKinds.has(kind)
    ? schema.struct(kind)
    : schema.kind({ ...parseAPIVersion(apiVersion), kind })
}

/** Whether objects of a kind can be had as protobuf. */
export const hasProtobuf = (apiVersion: string, kind: string) =>
  isPartial(kind, apiVersion) || structOf(apiVersion, kind) !== undefined

export class ProtobufEncoder {
  readonly #messages: Messages

  constructor(messages: Messages) {
    this.#messages = messages
  }

  /** An object with its apiVersion and kind, one that hasProtobuf, in its envelope. */
  object(value: object): Buffer {
    const writer = new ProtobufWriter()
    this.#writeObject(writer, value as JSONObject)
    return writer.finish()
  }

  #writeObject(writer: ProtobufWriter, value: JSONObject) {
    const { apiVersion = '', kind } = value as { readonly apiVersion?: string; readonly kind: string }
    writer.textField(4, '')
    writer.textField(3, '')
    const start = writer.length
    const encoder = new Encoder(this.#messages, writer)
    if (!isPartial(kind, apiVersion)) {
      const struct = structOf(apiVersion, kind)
      if (!struct) throw new Error(`Cannot write ${apiVersion} ${kind} as protobuf: it has no message`)
      encoder.object(struct, value)
    } else if (kind === 'PartialObjectMetadata') writePartialObject(encoder, writer, value)
    else writePartialList(encoder, writer, value)
    writer.endBlock(2, start)
    const typeStart = writer.length
    writer.textField(2, kind)
    writer.textField(1, apiVersion)
    writer.endBlock(1, typeStart)
    writer.bytes(protobufMagic)
  }

  /** A watch event in its frame. */
  event(type: string, value: object): Buffer {
    const writer = new ProtobufWriter()
    const raw = writer.length
    this.#writeObject(writer, value as JSONObject)
    writer.endBlock(1, raw)
    writer.endBlock(2, 0)
    writer.textField(1, type)
    const size = Buffer.alloc(4)
    size.writeUInt32BE(writer.length)
    writer.bytes(size)
    return writer.finish()
  }
}

let encoder: ProtobufEncoder | undefined

export async function loadProtobufEncoder(): Promise<ProtobufEncoder> {
  encoder ??= new ProtobufEncoder(await loadMessages())
  return encoder
}
