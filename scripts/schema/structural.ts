// Writes the definitions in the compact form that the server reads at start-up (src/api/schemaformat.ts).
import type { StoredDefinition, StoredSchema } from '../../src/api/schemaformat.ts'
import type { Definition, DefinitionField, Leaf, ValueType } from './definitions.ts'
import type { MergeFact } from './facts.ts'

const leafCodes: Readonly<Record<Leaf, string>> = {
  string: 's',
  boolean: 'b',
  int32: 'i',
  int64: 'l',
  double: 'd',
  bytes: 'y',
  time: 't',
  microtime: 'm',
  quantity: 'q',
  intOrString: 'p',
  any: 'a',
}

function typeCode(type: ValueType): string {
  if (type.kind === 'leaf') return leafCodes[type.leaf]
  if (type.kind === 'reference') return `@${type.type}`
  return `${type.kind === 'list' ? '[' : '{'}${typeCode(type.of)}`
}

export function fieldCode(field: DefinitionField): string {
  const flags = `${field.required ? '!' : ''}${field.dropsEmpty ? '~' : ''}${field.embedded ? '+' : ''}`
  return flags === '' ? typeCode(field.type) : `${typeCode(field.type)} ${flags}`
}

export function mergeCode({ listType, listKeys, strategies, mergeKey }: MergeFact): string {
  const list = [listType ?? '-', ...(listKeys.length > 0 ? [listKeys.join(',')] : [])].join(':')
  const patch = [strategies.length > 0 ? strategies.join(',') : '-', ...(mergeKey ? [mergeKey] : [])].join(
    ':',
  )
  return `${list} ${patch}`
}

function store(definition: Definition): StoredDefinition {
  const merge = definition.fields.filter(field => field.merge)
  return {
    name: definition.name,
    ...(definition.isKind ? { group: definition.group } : {}),
    fields: Object.fromEntries(definition.fields.map(field => [field.name, fieldCode(field)])),
    ...(merge.length > 0
      ? { merge: Object.fromEntries(merge.map(field => [field.name, mergeCode(field.merge!)])) }
      : {}),
    ...(definition.isAtomic ? { atomic: true } : {}),
  }
}

export const structuralSchema = (definitions: readonly Definition[]): StoredSchema =>
  Object.fromEntries(definitions.map(definition => [definition.type, store(definition)]))
