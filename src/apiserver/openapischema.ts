// Definitions as OpenAPI schemas: the Swagger 2.0 dialect of /openapi/v2, and from it the OpenAPI 3.0
// dialect of /openapi/v3, both as kube-openapi writes them.

/** What a value is; `scripts/schema` reads it out of the description of the API. */
export type DescribedType =
  | { readonly kind: 'leaf'; readonly leaf: string }
  | { readonly kind: 'reference'; readonly type: string }
  | { readonly kind: 'list' | 'map'; readonly of: DescribedType }

export interface DescribedField {
  readonly name: string
  readonly type: DescribedType
  readonly required: boolean
  readonly description: string
  readonly merge?: {
    readonly listType?: string
    readonly listKeys: readonly string[]
    readonly strategies: readonly string[]
    readonly mergeKey?: string
  }
}

export interface DescribedDefinition {
  readonly type: string
  readonly name: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly isKind: boolean
  readonly isAtomic: boolean
  readonly description: string
  readonly fields: readonly DescribedField[]
}

/** A schema as it is written; extensions begin with `x-`. */
export interface OpenAPISchema {
  $ref?: string
  description?: string
  type?: string
  format?: string
  default?: unknown
  required?: string[]
  properties?: Record<string, OpenAPISchema>
  items?: OpenAPISchema
  additionalProperties?: OpenAPISchema
  allOf?: OpenAPISchema[]
  oneOf?: OpenAPISchema[]
  [extension: `x-${string}`]: unknown
}

export const refPrefix = '#/definitions/'
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
const rawExtension = 'io.k8s.apimachinery.pkg.runtime.RawExtension'
const json = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'

/** Definitions without fields, which the description of the API leaves out. */
export const leafDefinitions: Readonly<Record<string, OpenAPISchema>> = {
  [`${meta}.Time`]: { description: 'A time in RFC 3339, in UTC.', type: 'string', format: 'date-time' },
  [`${meta}.MicroTime`]: {
    description: 'A time in RFC 3339 with microseconds, in UTC.',
    type: 'string',
    format: 'date-time',
  },
  [`${meta}.FieldsV1`]: { description: 'A set of fields, as a trie of their paths.', type: 'object' },
  [`${meta}.Patch`]: { description: 'A patch in any of the accepted formats.', type: 'object' },
  [intOrString]: { description: 'A number or a name.', type: 'string', format: 'int-or-string' },
  [quantity]: { description: 'An amount such as 100m, 1.5 or 2Gi.', type: 'string' },
  [rawExtension]: { description: 'An object of any kind.', type: 'object' },
  [json]: { description: 'Any JSON value.' },
}

const leafSchemas: Readonly<Record<string, OpenAPISchema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  time: { $ref: `${refPrefix}${meta}.Time` },
  microtime: { $ref: `${refPrefix}${meta}.MicroTime` },
  quantity: { $ref: refPrefix + quantity },
  intOrString: { $ref: refPrefix + intOrString },
}

/** Which of the definitions that take any value a field refers to. */
function anyReference(type: string): string {
  if (type === 'ManagedFieldsEntry') return `${meta}.FieldsV1`
  return type === 'JSONSchemaProps' || type === 'CustomResourceValidation' ? json : rawExtension
}

export type NameOf = (type: string) => string

function typeSchema(type: DescribedType, owner: string, nameOf: NameOf): OpenAPISchema {
  if (type.kind === 'reference') return { $ref: refPrefix + nameOf(type.type) }
  if (type.kind === 'leaf')
    return { ...(leafSchemas[type.leaf] ?? { $ref: refPrefix + anyReference(owner) }) }
  const of = typeSchema(type.of, owner, nameOf)
  return type.kind === 'list' ? { type: 'array', items: of } : { type: 'object', additionalProperties: of }
}

function fieldSchema(field: DescribedField, owner: string, nameOf: NameOf): OpenAPISchema {
  const { merge } = field
  const isList = field.type.kind === 'list'
  const listType = merge?.listType ?? (isList ? 'atomic' : undefined)
  return {
    ...(field.description === '' ? {} : { description: field.description }),
    ...typeSchema(field.type, owner, nameOf),
    ...(merge?.listKeys.length ? { 'x-kubernetes-list-map-keys': merge.listKeys } : {}),
    ...(listType ? { [isList ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type']: listType } : {}),
    ...(merge?.mergeKey ? { 'x-kubernetes-patch-merge-key': merge.mergeKey } : {}),
    ...(merge?.strategies.length ? { 'x-kubernetes-patch-strategy': merge.strategies.join(',') } : {}),
  }
}

export interface GroupVersionKindEntry {
  readonly group: string
  readonly kind: string
  readonly version: string
}

/** One definition in the dialect of /openapi/v2. */
export function definitionSchema(
  definition: DescribedDefinition,
  nameOf: NameOf,
  kinds: readonly GroupVersionKindEntry[],
): OpenAPISchema {
  const required = definition.fields.filter(field => field.required).map(field => field.name)
  const properties = Object.fromEntries(
    definition.fields.map(field => [field.name, fieldSchema(field, definition.type, nameOf)]),
  )
  return {
    ...(definition.description === '' ? {} : { description: definition.description }),
    type: 'object',
    ...(required.length > 0 ? { required: required.sort() } : {}),
    ...(definition.fields.length > 0 ? { properties } : {}),
    ...(kinds.length > 0 ? { 'x-kubernetes-group-version-kind': kinds } : {}),
    ...(definition.isAtomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  }
}

const v3Prefix = '#/components/schemas/'

/** A schema in the dialect of OpenAPI 3.0, where nothing may stand beside a reference. */
export function toV3(schema: OpenAPISchema): OpenAPISchema {
  const { $ref, properties, items, additionalProperties, ...rest } = schema
  if (rest.format === 'int-or-string') {
    const { type: _, ...described } = rest
    return { ...described, oneOf: [{ type: 'integer' }, { type: 'string' }] }
  }
  return {
    ...rest,
    ...($ref ? { allOf: [{ $ref: $ref.replace(refPrefix, v3Prefix) }] } : {}),
    ...(items ? { items: toV3(items) } : {}),
    ...(additionalProperties ? { additionalProperties: toV3(additionalProperties) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, value]) => [name, toV3(value)]),
          ),
        }
      : {}),
  }
}

/** The names of all definitions that a schema refers to, itself. */
export function referencesOf(schema: OpenAPISchema): string[] {
  const { $ref, properties, items, additionalProperties } = schema
  return [
    ...($ref ? [$ref.slice(refPrefix.length)] : []),
    ...(items ? referencesOf(items) : []),
    ...(additionalProperties ? referencesOf(additionalProperties) : []),
    ...Object.values(properties ?? {}).flatMap(referencesOf),
  ]
}
