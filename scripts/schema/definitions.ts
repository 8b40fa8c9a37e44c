// Puts together what the client's text says and the facts kept by hand: the definitions of every stable (v1,
// v2) kind of Kubernetes 1.36, with their full names, as both the structural schema and OpenAPI need them.
import {
  atomicStructs,
  fieldSet,
  type MergeFact,
  mergeFacts,
  packageOf,
  packages,
  quantityFields,
} from './facts.ts'
import { embeddedFields, pointerFields } from './gofacts.ts'
import { type Model, readModels } from './models.ts'
import { readOperations } from './operations.ts'
import { typeName } from './types.ts'

/** What a value is: a leaf by its Go type, another definition by name, or a list or map of those. */
export type ValueType =
  | { readonly kind: 'leaf'; readonly leaf: Leaf }
  | { readonly kind: 'reference'; readonly type: string }
  | { readonly kind: 'list' | 'map'; readonly of: ValueType }

export type Leaf =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes'
  | 'time'
  | 'microtime'
  | 'quantity'
  | 'intOrString'
  | 'any'

export interface DefinitionField {
  readonly name: string
  readonly type: ValueType
  readonly required: boolean
  readonly description: string
  /** An empty value disappears, as Go's omitempty makes it. */
  readonly dropsEmpty: boolean
  /** A struct that is always there. */
  readonly embedded: boolean
  readonly merge?: MergeFact
}

export interface Definition {
  /** As in generated/types.ts: `PodSpec`. */
  readonly type: string
  /** `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string
  readonly group: string
  readonly version: string
  /** The last part of the name, which for a kind is the kind. */
  readonly kind: string
  readonly isKind: boolean
  readonly isAtomic: boolean
  readonly description: string
  readonly fields: readonly DefinitionField[]
}

const stablePath = /^\/(?:api|apis\/([^/]+))\/(v\d+)\//
const words = (type: string) => [...type.matchAll(/\w+/g)].map(match => match[0])

/** For each class that stable paths lead to, the packages whose paths do. */
function reachedFrom(models: ReadonlyMap<string, Model>): Map<string, Set<string>> {
  const reached = new Map<string, Set<string>>()
  const visit = (className: string, from: string) => {
    const model = models.get(className)
    if (!model) return
    const found = reached.get(className) ?? new Set()
    if (found.has(from)) return
    reached.set(className, found.add(from))
    for (const field of model.fields) for (const word of words(field.type)) visit(word, from)
  }
  for (const { path, body, result } of readOperations()) {
    const match = stablePath.exec(path)
    if (!match) continue
    const from = match[1]?.split('.')[0] ?? 'core'
    visit(body, from)
    visit(result, from)
  }
  for (const extra of ['V1WatchEvent', 'V1APIGroupList', 'V1APIVersions']) visit(extra, 'meta')
  return reached
}

function packageFor(type: string, reached: ReadonlySet<string>): string {
  const known = packageOf.get(type)
  if (known) return known
  if (reached.size === 1) return [...reached][0]!
  if (reached.has('core')) return 'core'
  throw new Error(
    `Cannot name ${type}: reached from ${[...reached].join(', ')}, expected a line in packageOf`,
  )
}

const leaves: Readonly<Record<string, Leaf>> = {
  boolean: 'boolean',
  Date: 'time',
  V1MicroTime: 'microtime',
  IntOrString: 'intOrString',
  any: 'any',
  object: 'any',
}

function valueType(type: string, format: string, isQuantity: boolean): ValueType {
  const list = /^(?:Array|Set)<(.*)>$/.exec(type)
  if (list) return { kind: 'list', of: valueType(list[1]!, format, isQuantity) }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
  if (map) return { kind: 'map', of: valueType(map[1]!, format, isQuantity) }
  if (type === 'string')
    return { kind: 'leaf', leaf: isQuantity ? 'quantity' : format === 'byte' ? 'bytes' : 'string' }
  if (type === 'number')
    return { kind: 'leaf', leaf: format === 'int32' || format === 'int64' ? format : 'double' }
  const leaf = leaves[type]
  return leaf ? { kind: 'leaf', leaf } : { kind: 'reference', type: typeName(type) }
}

const plainLeaves = new Set<Leaf>(['string', 'boolean', 'int32', 'int64', 'double', 'bytes'])

interface FieldFacts {
  readonly merge: ReadonlyMap<string, MergeFact>
  readonly quantities: ReadonlySet<string>
  readonly pointers: ReadonlySet<string>
  readonly embedded: ReadonlySet<string>
}

function fieldsOf(model: Model, isKind: boolean, facts: FieldFacts): DefinitionField[] {
  return model.fields.map(({ name, type, format, required, description }) => {
    const key = `${typeName(model.className)}.${name}`
    const value = valueType(type, format, facts.quantities.has(key))
    const isPlain = value.kind === 'leaf' && plainLeaves.has(value.leaf)
    const isCollection = value.kind === 'list' || value.kind === 'map'
    const merge = facts.merge.get(key)
    return {
      name,
      type: value,
      required,
      description,
      dropsEmpty: !required && (isPlain || isCollection) && !facts.pointers.has(key),
      embedded: facts.embedded.has(key) || (isKind && name === 'metadata'),
      ...(merge ? { merge } : {}),
    }
  })
}

/** Every definition that stable paths lead to, in order of name. */
export function readDefinitions(): readonly Definition[] {
  const models = new Map(readModels().map(model => [model.className, model]))
  const facts: FieldFacts = {
    merge: mergeFacts(),
    quantities: fieldSet(quantityFields),
    pointers: fieldSet(pointerFields),
    embedded: fieldSet(embeddedFields),
  }
  const definitions = [...reachedFrom(models)].map(([className, reached]) => {
    const model = models.get(className)!
    const type = typeName(className)
    const where = packageFor(type, reached)
    const { group, prefix = `io.k8s.api.${where}` } = packages[where]!
    const [, version, kind] = /^\w*?V(\d+)([A-Z]\w*)$/.exec(className)!
    const has = (name: string) => model.fields.some(field => field.name === name)
    const isKind = has('apiVersion') && has('kind') && has('metadata')
    return {
      type,
      name: `${prefix}.v${version}.${kind}`,
      group,
      version: `v${version}`,
      kind: kind!,
      isKind,
      isAtomic: atomicStructs.has(type),
      description: model.description,
      fields: fieldsOf(model, isKind, facts),
    }
  })
  return definitions.sort((a, b) => (a.name < b.name ? -1 : 1))
}
