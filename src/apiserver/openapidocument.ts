// Puts OpenAPI documents together from definitions and the resources that are served: one of version 2, and
// one of version 3 for each group version.
import { apiVersionOf } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import {
  type OpenAPIOperation,
  type OpenAPIParameter,
  type OpenAPIPath,
  resourcePaths,
} from './openapipaths.ts'
import {
  type DescribedDefinition,
  definitionSchema,
  type GroupVersionKindEntry,
  leafDefinitions,
  type OpenAPISchema,
  referencesOf,
  refPrefix,
  toV3,
} from './openapischema.ts'

export interface OpenAPISource {
  readonly definitions: readonly DescribedDefinition[]
  readonly resources: readonly Resource[]
  /** Of Kubernetes: `v1.36.0`. */
  readonly version: string
}

export interface OpenAPIDocument {
  readonly version: string
  readonly paths: readonly OpenAPIPath[]
  /** By full name, in order. */
  readonly definitions: ReadonlyMap<string, OpenAPISchema>
}

const keyOf = ({ group, version, kind }: GroupVersionKindEntry) => `${group}/${version}/${kind}`

/** The kinds that a definition stands for: options and statuses are of every group version. */
function kindsOf(definition: DescribedDefinition, resources: readonly Resource[]): GroupVersionKindEntry[] {
  const { group, version, kind, isKind, type } = definition
  if (type === 'DeleteOptions' || type === 'WatchEvent') {
    const served = new Map(resources.map(resource => [resource.apiVersion, resource]))
    return [...served.values()].map(resource => ({
      group: resource.group,
      kind,
      version: resource.version,
    }))
  }
  if (type === 'Status') return [{ group: '', kind, version }]
  return isKind ? [{ group, kind, version }] : []
}

/** Fields that refer to a definition and say nothing themselves say what the definition says. */
function describeReferences(definitions: ReadonlyMap<string, OpenAPISchema>): void {
  for (const { properties } of definitions.values()) {
    for (const field of Object.values(properties ?? {})) {
      if (field.description !== undefined || !field.$ref) continue
      const { description } = definitions.get(field.$ref.slice(refPrefix.length)) ?? {}
      if (description !== undefined) field.description = description
    }
  }
}

/** Everything, in a form that both dialects are written from. */
export function openAPIDocument({ definitions, resources, version }: OpenAPISource): OpenAPIDocument {
  const names = new Map(definitions.map(definition => [definition.type, definition.name]))
  const byKind = new Map(
    definitions
      .filter(definition => definition.isKind)
      .map(definition => [keyOf(definition), definition.name]),
  )
  const schemas = [
    ...Object.entries(leafDefinitions),
    ...definitions.map(
      definition =>
        [
          definition.name,
          definitionSchema(definition, type => names.get(type)!, kindsOf(definition, resources)),
        ] as const,
    ),
  ]
  const byName = new Map(schemas.sort(([a], [b]) => (a < b ? -1 : 1)))
  describeReferences(byName)
  return {
    version,
    paths: resources
      .flatMap(resource => resourcePaths(resource, kind => byKind.get(keyOf(kind))))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    definitions: byName,
  }
}

const answered = (result: string | undefined) => ({
  description: 'OK',
  ...(result ? { schema: { $ref: refPrefix + result } } : {}),
})

/** One operation in the dialect of version 2. */
export function operationV2(operation: OpenAPIOperation): Readonly<Record<string, unknown>> {
  const { result, action, kind, ...rest } = operation
  return {
    ...rest,
    schemes: ['https'],
    responses: { '200': answered(result), '401': { description: 'Unauthorized' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

/** The document of version 2 as JSON. */
export function openAPIV2({
  version,
  paths,
  definitions,
}: OpenAPIDocument): Readonly<Record<string, unknown>> {
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths: Object.fromEntries(
      paths.map(({ path, parameters, operations }) => [
        path,
        {
          ...Object.fromEntries(
            Object.entries(operations).map(([method, operation]) => [method, operationV2(operation)]),
          ),
          ...(parameters.length > 0 ? { parameters } : {}),
        },
      ]),
    ),
    definitions: Object.fromEntries(definitions),
  }
}

function parameterV3({ name, in: where, description, type, required }: OpenAPIParameter) {
  return { name, in: where, description, ...(required ? { required } : {}), schema: { type } }
}

const referV3 = (definition: string) => ({ $ref: `#/components/schemas/${definition}` })

function operationV3(operation: OpenAPIOperation) {
  const { consumes, produces, parameters, result, action, kind, ...rest } = operation
  const body = parameters.find(parameter => parameter.in === 'body')
  const schema = body?.schema && referV3(body.schema.$ref.slice(refPrefix.length))
  const content = (formats: readonly string[], of: unknown) =>
    Object.fromEntries(formats.map(format => [format, { schema: of }]))
  return {
    ...rest,
    parameters: parameters.filter(parameter => parameter.in !== 'body').map(parameterV3),
    ...(schema
      ? { requestBody: { content: content(consumes, schema), ...(body.required ? { required: true } : {}) } }
      : {}),
    responses: {
      '200': { description: 'OK', ...(result ? { content: content(produces, referV3(result)) } : {}) },
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

/** Every definition that a group version's paths and kinds need. */
function reachable(document: OpenAPIDocument, roots: readonly string[]): string[] {
  const found = new Set<string>()
  const waiting = [...roots]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const schema = document.definitions.get(name)
    if (found.has(name) || !schema) continue
    found.add(name)
    waiting.push(...referencesOf(schema))
  }
  return [...found].sort()
}

/** The place of a group version's document below /openapi/v3/: `api/v1`, `apis/apps/v1`. */
export const documentPath = (gv: { readonly group: string; readonly version: string }) =>
  `${gv.group === '' ? 'api' : 'apis'}/${apiVersionOf(gv)}`

/** The documents of version 3 as JSON, by their place below /openapi/v3/. */
export function openAPIV3(document: OpenAPIDocument): ReadonlyMap<string, unknown> {
  const places = new Map<string, OpenAPIPath[]>()
  for (const path of document.paths) {
    const place = path.path
      .split('/')
      .slice(1, path.path.startsWith('/api/') ? 3 : 4)
      .join('/')
    places.set(place, [...(places.get(place) ?? []), path])
  }
  return new Map([...places].map(([place, paths]) => [place, documentV3(document, paths)]))
}

function documentV3(document: OpenAPIDocument, paths: readonly OpenAPIPath[]) {
  const operations = paths.flatMap(path => Object.values(path.operations))
  const roots = operations.flatMap(({ result, parameters }) => [
    ...(result ? [result] : []),
    ...parameters.flatMap(({ schema }) => (schema ? [schema.$ref.slice(refPrefix.length)] : [])),
  ])
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: document.version },
    paths: Object.fromEntries(
      paths.map(({ path, parameters, operations }) => [
        path,
        {
          ...Object.fromEntries(
            Object.entries(operations).map(([method, operation]) => [method, operationV3(operation)]),
          ),
          ...(parameters.length > 0 ? { parameters: parameters.map(parameterV3) } : {}),
        },
      ]),
    ),
    components: {
      schemas: Object.fromEntries(
        reachable(document, roots).map(name => [name, toV3(document.definitions.get(name)!)]),
      ),
    },
  }
}
