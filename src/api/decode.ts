// Decodes what a client sends as an API server decodes JSON into its Go types: checks the types, prunes
// what the schema does not know, drops nulls and empty optional values, and brings quantities and times
// into canonical form. The messages are those of sigs.k8s.io/json, which clients see.
import { canonicalQuantity } from './meta/quantity.ts'
import type { Struct, ValueType } from './schema.ts'
import { canonicalMicroTime, canonicalTime } from './times.ts'

/** The value does not fit its type; the message is Go's. */
export class DecodeError extends Error {
  /** What the converter of unstructured objects says of the same: `unrecognized type: int32`. */
  readonly conversion: string

  constructor(message: string, conversion = message) {
    super(message)
    this.name = 'DecodeError'
    this.conversion = conversion
  }
}

export type JSONObject = Record<string, unknown>

const maxUnknown = 100
const none: readonly string[] = []
const numeric = new Set(['int32', 'int64', 'float64'])

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value) return false
  return true
}

/** What Go has for a null inside a list or a map. */
function zeroOf(type: ValueType): unknown {
  switch (type.code) {
    case 's':
    case 'y':
      return ''
    case 'b':
      return false
    case 'i':
    case 'l':
    case 'd':
    case 'p':
      return 0
    case 'q':
      return '0'
    case '@':
      return emptyStruct(type.struct!)
    default:
      return null
  }
}

function emptyStruct(struct: Struct): JSONObject {
  const object: JSONObject = {}
  for (const field of struct.embedded) object[field.name] = emptyStruct(field.type.struct!)
  return object
}

/** Where in the text something that is no base64 begins, or -1. Go skips line ends. */
function base64Error(text: string): number {
  let digits = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (
      (code >= 97 && code <= 122) ||
      (code >= 65 && code <= 90) ||
      (code >= 47 && code <= 57) ||
      code === 43
    ) {
      digits++
    } else if (code === 61) {
      const rest = text.slice(index).replaceAll(/[\r\n]/g, '')
      const wanted = digits % 4 === 2 ? '==' : digits % 4 === 3 ? '=' : undefined
      return rest === wanted ? -1 : index
    } else if (code !== 10 && code !== 13) {
      return index
    }
  }
  return digits % 4 === 0 ? -1 : text.length
}

function decodeBytes(text: string): string {
  const wrong = base64Error(text)
  if (wrong >= 0) throw new DecodeError(`illegal base64 data at input byte ${wrong}`)
  if (!text.endsWith('=') && !text.includes('\n')) return text
  return Buffer.from(text, 'base64').toString('base64')
}

/** Walks a value along its definition. One is enough, since it never waits. */
class Decoder {
  /** Fields and indexes that lead to the value at hand. */
  readonly #path: (string | number)[] = []
  #depth = 0
  #unknown: string[] = []
  #struct: Struct | undefined
  #root: Struct | undefined

  decode(struct: Struct, value: unknown): { object: JSONObject; unknown: readonly string[] } {
    this.#depth = 0
    this.#root = struct
    this.#struct = undefined
    this.#unknown = []
    const object = this.#object(struct, value) as JSONObject
    return { object, unknown: this.#unknown.length === 0 ? none : this.#unknown }
  }

  #object(struct: Struct, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#refuse(value, struct.goType)
    }
    const object = value as JSONObject
    const outer = this.#struct
    const depth = this.#depth++
    let dropped: Set<string> | undefined
    for (const key in object) {
      const field = struct.fields.get(key)
      this.#path[depth] = key
      if (field === undefined) {
        this.#noteUnknown()
      } else {
        const before = object[key]
        if (before !== null) {
          this.#struct = struct
          const after = this.#value(field.type, before)
          if (after !== before) object[key] = after
          if (!field.dropsEmpty || !isEmpty(after)) continue
        }
      }
      dropped ??= new Set()
      dropped.add(key)
    }
    this.#depth = depth
    this.#struct = outer
    const kept = dropped ? without(object, dropped) : object
    for (const field of struct.embedded) {
      if (kept[field.name] === undefined) kept[field.name] = emptyStruct(field.type.struct!)
    }
    return kept
  }

  #value(type: ValueType, value: unknown): unknown {
    switch (type.code) {
      case 's':
        return typeof value === 'string' ? value : this.#refuse(value, type.goType)
      case 'b':
        return typeof value === 'boolean' ? value : this.#refuse(value, type.goType)
      case '@':
        return this.#object(type.struct!, value)
      case '[':
        return this.#list(type, value)
      case '{':
        return this.#map(type, value)
      case 'a':
        return value
      default:
        return this.#special(type, value)
    }
  }

  #special(type: ValueType, value: unknown): unknown {
    switch (type.code) {
      case 'i':
        return this.#integer(value, type.goType, 2 ** 31)
      case 'l':
        return this.#integer(value, type.goType, 2 ** 63)
      case 'd':
        return typeof value === 'number' ? value : this.#refuse(value, type.goType)
      case 'y':
        return typeof value === 'string' ? decodeBytes(value) : this.#refuse(value, type.goType)
      case 'p':
        return typeof value === 'string' ? value : this.#integer(value, 'int32', 2 ** 31)
      case 'q':
        return this.#explained(canonicalQuantity, typeof value === 'string' ? value.trim() : String(value))
      default:
        if (typeof value !== 'string') return this.#refuse(value, 'string')
        return this.#explained(type.code === 't' ? canonicalTime : canonicalMicroTime, value)
    }
  }

  #integer(value: unknown, goType: string, limit: number): unknown {
    if (Number.isInteger(value) && (value as number) >= -limit && (value as number) < limit) return value
    return this.#refuse(value, goType)
  }

  #explained(convert: (text: string) => string, text: string): string {
    try {
      return convert(text)
    } catch (error) {
      throw new DecodeError((error as Error).message)
    }
  }

  #list(type: ValueType, value: unknown): unknown {
    if (!Array.isArray(value)) return this.#refuse(value, type.goType)
    const of = type.of!
    const depth = this.#depth++
    for (let index = 0; index < value.length; index++) {
      this.#path[depth] = index
      const before = value[index]
      const after = before === null ? zeroOf(of) : this.#value(of, before)
      if (after !== before) value[index] = after
    }
    this.#depth = depth
    return value
  }

  #map(type: ValueType, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#refuse(value, type.goType)
    }
    const map = value as JSONObject
    const of = type.of!
    const depth = this.#depth++
    for (const key in map) {
      this.#path[depth] = key
      const before = map[key]
      const after = before === null ? zeroOf(of) : this.#value(of, before)
      if (after !== before) map[key] = after
    }
    this.#depth = depth
    return map
  }

  #noteUnknown() {
    if (this.#unknown.length >= maxUnknown) return
    this.#unknown.push(`unknown field "${formatPath(this.#path.slice(0, this.#depth))}"`)
  }

  /** Go names the innermost struct and the fields on the way, without indexes and without a map's keys. */
  #refuse(value: unknown, goType: string): never {
    const fields: string[] = []
    let type: ValueType | undefined
    let struct = this.#root
    for (const step of this.#path.slice(0, this.#depth)) {
      const field = struct && typeof step === 'string' ? struct.fields.get(step) : undefined
      if (field) fields.push(field.name)
      type = field ? field.type : type?.of
      struct = type?.struct
    }
    const isNumber = typeof value === 'number' && numeric.has(goType)
    const found = isNumber ? `number ${value}` : describe(value)
    const where = this.#struct ? `Go struct field ${this.#struct.goName}.${fields.join('.')}` : 'Go value'
    throw new DecodeError(
      `json: cannot unmarshal ${found} into ${where} of type ${goType}`,
      explainConversion(value, goType),
    )
  }
}

function without(object: JSONObject, dropped: ReadonlySet<string>): JSONObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !dropped.has(key)))
}

function goKindOf(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  const kind = describe(value)
  return kind === 'array' ? 'slice' : kind === 'object' ? 'map' : kind
}

/** As apimachinery's pkg/runtime/converter.go, which turns a merged patch into an object. */
function explainConversion(value: unknown, goType: string): string {
  const kind = goKindOf(value)
  if (goType.startsWith('map[')) return `cannot restore map from ${kind}`
  if (goType.startsWith('[]')) return `cannot restore slice from ${kind}`
  const isNumeric = numeric.has(goType)
  if (!isNumeric && goType !== 'string' && goType !== 'bool') return `cannot restore struct from: ${kind}`
  const isConvertible = isNumeric ? numeric.has(kind) : goType === 'string' && kind === 'int64'
  return isConvertible ? `cannot convert ${kind} to ${goType}` : `unrecognized type: ${goType}`
}

/** `spec.containers[0].image`. */
export function formatPath(path: readonly (string | number)[]): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

const decoder = new Decoder()

/**
 * The object, changed in place where it can be, and `unknown field "spec.foo"` for each field that was
 * pruned. Throws DecodeError when a value does not fit its type.
 */
export const decodeStruct = (
  struct: Struct,
  value: unknown,
): { object: JSONObject; unknown: readonly string[] } => decoder.decode(struct, value)

/** What Go has for a struct that was left out: the structs within it, empty. */
export const emptyObject = emptyStruct
