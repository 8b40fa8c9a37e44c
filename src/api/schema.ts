// The derived schema of every stable Kubernetes kind, loaded once: what the fields of each definition hold
// and how they merge. Definitions are parsed and prepared on first use, since a cluster uses few of them.
import { readGenerated } from './generatedfile.ts'
import type { GroupVersionKind } from './object.ts'
import { indexSchema, kindKey, type SchemaIndex, type StoredDefinition } from './schemaformat.ts'

/** The code of a type is the letter that schemaformat.ts gives it; `@`, `[` and `{` have what they hold. */
export interface ValueType {
  readonly code: string
  /** As Go writes it: `int32`, `v1.PodSpec`, `[]v1.Container`, `map[string]string`. */
  readonly goType: string
  readonly of?: ValueType
  readonly struct?: Struct
}

export interface Field {
  readonly name: string
  readonly type: ValueType
  readonly required: boolean
  /** An empty value disappears, as Go's omitempty makes it. */
  readonly dropsEmpty: boolean
}

export type PatchStrategy = 'merge' | 'replace' | 'retainKeys'

export interface MergeRule {
  readonly listType?: 'map' | 'set' | 'atomic' | 'granular'
  readonly listKeys: readonly string[]
  readonly strategies: readonly PatchStrategy[]
  readonly mergeKey?: string
}

const codesOf = { s: 'string', b: 'bool', i: 'int32', l: 'int64', d: 'float64', y: '[]uint8' } as const
const goTypes: Readonly<Record<string, string>> = {
  ...codesOf,
  t: 'v1.Time',
  m: 'v1.MicroTime',
  q: 'resource.Quantity',
  p: 'intstr.IntOrString',
  a: 'runtime.RawExtension',
}

function mergeRule(text: string): MergeRule {
  const [list, patch] = text.split(' ') as [string, string]
  const [listType, keys] = list.split(':')
  const [strategies, mergeKey] = patch.split(':')
  return {
    ...(listType === '-' ? {} : { listType: listType as NonNullable<MergeRule['listType']> }),
    listKeys: keys?.split(',') ?? [],
    strategies: strategies === '-' ? [] : (strategies!.split(',') as PatchStrategy[]),
    ...(mergeKey ? { mergeKey } : {}),
  }
}

/** One definition; its fields are prepared when first asked for. */
export class Struct {
  /** As in generated/types.ts: `PodSpec`. */
  readonly type: string
  /** `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string
  /** `PodSpec`, and `v1.PodSpec`, as Go's messages have it. */
  readonly goName: string
  readonly goType: string
  readonly isAtomic: boolean
  readonly #schema: Schema
  readonly #stored: StoredDefinition
  #fields: ReadonlyMap<string, Field> | undefined
  #embedded: readonly Field[] = []

  constructor(schema: Schema, type: string, stored: StoredDefinition) {
    const parts = stored.name.split('.')
    this.type = type
    this.name = stored.name
    this.goName = parts.at(-1)!
    this.goType = `${parts.at(-2)}.${this.goName}`
    this.isAtomic = stored.atomic ?? false
    this.#schema = schema
    this.#stored = stored
  }

  get fields(): ReadonlyMap<string, Field> {
    this.#fields ??= this.#prepare()
    return this.#fields
  }

  /** Fields that Go keeps in place, so that they are always there. */
  get embedded(): readonly Field[] {
    this.#fields ??= this.#prepare()
    return this.#embedded
  }

  merge(field: string): MergeRule | undefined {
    const text = this.#stored.merge?.[field]
    return text === undefined ? undefined : mergeRule(text)
  }

  #prepare() {
    const fields = new Map<string, Field>()
    const embedded: Field[] = []
    for (const [name, code] of Object.entries(this.#stored.fields)) {
      const [type, flags = ''] = code.split(' ') as [string, string?]
      const field = {
        name,
        type: this.#schema.valueType(type),
        required: flags.includes('!'),
        dropsEmpty: flags.includes('~'),
      }
      fields.set(name, field)
      if (flags.includes('+')) embedded.push(field)
    }
    this.#embedded = embedded
    return fields
  }
}

/** How a strategic merge patch treats an object's fields. */
export interface PatchSchema {
  field(name: string):
    | {
        readonly strategies: readonly PatchStrategy[]
        readonly mergeKey?: string
        readonly type: 'object' | 'array' | 'map' | 'other'
        /** Of an array of objects. */
        readonly items?: PatchSchema
        /** Of an object. */
        readonly fields?: PatchSchema
      }
    | undefined
}

const patchTypes: Readonly<Record<string, 'object' | 'array' | 'map'>> = {
  '@': 'object',
  '[': 'array',
  '{': 'map',
}

function patchSchema(struct: Struct): PatchSchema {
  const known = new Map<string, ReturnType<PatchSchema['field']>>()
  const describe = (name: string): ReturnType<PatchSchema['field']> => {
    const field = struct.fields.get(name)
    if (!field) return undefined
    const rule = struct.merge(name)
    const items = field.type.code === '[' ? field.type.of?.struct : undefined
    return {
      strategies: rule?.strategies ?? [],
      ...(rule?.mergeKey ? { mergeKey: rule.mergeKey } : {}),
      type: patchTypes[field.type.code] ?? 'other',
      ...(items ? { items: patchSchema(items) } : {}),
      ...(field.type.struct ? { fields: patchSchema(field.type.struct) } : {}),
    }
  }
  return {
    field(name) {
      if (!known.has(name)) known.set(name, describe(name))
      return known.get(name)
    },
  }
}

export class Schema {
  readonly #index: SchemaIndex
  readonly #structs = new Map<string, Struct>()
  readonly #valueTypes = new Map<string, ValueType>()
  readonly #patchSchemas = new Map<string, PatchSchema>()

  constructor(index: SchemaIndex) {
    this.#index = index
  }

  /** The definition of a name in generated/types.ts. */
  struct(type: string): Struct | undefined {
    const known = this.#structs.get(type)
    if (known) return known
    const stored = this.#index.definitions.get(type)
    if (stored === undefined) return undefined
    const struct = new Struct(this, type, JSON.parse(stored) as StoredDefinition)
    this.#structs.set(type, struct)
    return struct
  }

  /** The definition of a kind; `DeleteOptions` and `Status` are of every group version. */
  kind(gvk: GroupVersionKind): Struct | undefined {
    const type = this.#index.kinds.get(kindKey(gvk))
    if (type) return this.struct(type)
    return gvk.kind === 'DeleteOptions' || gvk.kind === 'Status' ? this.struct(gvk.kind) : undefined
  }

  patchSchemaFor(gvk: GroupVersionKind): PatchSchema | undefined {
    const key = kindKey(gvk)
    const known = this.#patchSchemas.get(key)
    if (known) return known
    const struct = this.kind(gvk)
    if (!struct) return undefined
    const made = patchSchema(struct)
    this.#patchSchemas.set(key, made)
    return made
  }

  /** The type that a code of schemaformat.ts stands for. */
  valueType(code: string): ValueType {
    const known = this.#valueTypes.get(code)
    if (known) return known
    const made = this.#makeValueType(code)
    this.#valueTypes.set(code, made)
    return made
  }

  #makeValueType(code: string): ValueType {
    const rest = code.slice(1)
    switch (code[0]) {
      case '[':
      case '{': {
        const of = this.valueType(rest)
        return { code: code[0], of, goType: `${code[0] === '[' ? '[]' : 'map[string]'}${of.goType}` }
      }
      case '@': {
        const struct = this.struct(rest)
        if (!struct) throw new Error(`Cannot load the schema: no definition ${rest}, expected one`)
        return { code: '@', struct, goType: struct.goType }
      }
      default:
        return { code, goType: goTypes[code]! }
    }
  }
}

let loaded: Schema | undefined

/** The schema of every stable Kubernetes kind; read from disk the first time. */
export function loadSchema(): Schema {
  loaded ??= new Schema(indexSchema(readGenerated('schema.tsv').toString()))
  return loaded
}
