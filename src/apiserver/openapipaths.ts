// The paths of the resources that are served, as OpenAPI operations: kubectl looks there for kinds, for what
// they can be asked (`explain`) and for the query parameters that PATCH takes (`apply --dry-run=server`,
// `--validate`).
import { apiVersionOf } from '../api/object.ts'
import type { Resource, Subresource } from '../api/resource.ts'
import { type GroupVersionKindEntry, refPrefix } from './openapischema.ts'

export interface OpenAPIParameter {
  readonly name: string
  readonly in: 'query' | 'path' | 'body'
  readonly description: string
  readonly type?: 'string' | 'integer' | 'boolean'
  readonly required?: boolean
  readonly schema?: { readonly $ref: string }
}

export interface OpenAPIOperation {
  readonly description: string
  readonly operationId: string
  readonly tags: readonly string[]
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  readonly parameters: readonly OpenAPIParameter[]
  /** The definition of the answer, if it has one. */
  readonly result?: string
  readonly action: string
  readonly kind: GroupVersionKindEntry
}

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch'

export interface OpenAPIPath {
  readonly path: string
  /** Of the path itself: `{namespace}`, `{name}`. */
  readonly parameters: readonly OpenAPIParameter[]
  readonly operations: Readonly<Partial<Record<Method, OpenAPIOperation>>>
}

const query = (
  name: string,
  description: string,
  type: OpenAPIParameter['type'] = 'string',
): OpenAPIParameter => ({ name, in: 'query', description, type })

const writeParameters = [
  query('dryRun', 'With All, every check is made and nothing is stored.'),
  query('fieldManager', 'The name of who makes the change.'),
  query('fieldValidation', 'What unknown and duplicate fields lead to: Ignore, Warn or Strict.'),
]
const deleteParameters = [
  query('dryRun', 'With All, every check is made and nothing is deleted.'),
  query('gracePeriodSeconds', 'Seconds until the object is gone; 0 for at once.', 'integer'),
  query('orphanDependents', 'Deprecated: use propagationPolicy.', 'boolean'),
  query('propagationPolicy', 'What becomes of dependents: Orphan, Background or Foreground.'),
]
const listParameters = [
  query('allowWatchBookmarks', 'Whether a watch may carry bookmarks.', 'boolean'),
  query('continue', 'Where to go on, from the answer before.'),
  query('fieldSelector', 'Which objects, by their fields.'),
  query('labelSelector', 'Which objects, by their labels.'),
  query('limit', 'How many objects at most.', 'integer'),
  query('resourceVersion', 'How new the answer has to be.'),
  query('resourceVersionMatch', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'Whether a watch begins with what there is.', 'boolean'),
  query('timeoutSeconds', 'How long a watch may last.', 'integer'),
  query('watch', 'Follow changes instead of listing.', 'boolean'),
]
const nameParameter: OpenAPIParameter = {
  name: 'name',
  in: 'path',
  description: 'Name of the object.',
  type: 'string',
  required: true,
}
const namespaceParameter: OpenAPIParameter = {
  name: 'namespace',
  in: 'path',
  description: 'Namespace of the object.',
  type: 'string',
  required: true,
}

const formats = ['application/json', 'application/yaml']
const patchFormats = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

interface Subject {
  readonly resource: Resource
  readonly kind: GroupVersionKindEntry
  /** The definition of what goes in and out; undefined for streams. */
  readonly definition: string | undefined
  /** `NamespacedPod`, `NamespacedPodStatus`. */
  readonly id: string
}

const bodyOf = (definition: string, isRequired: boolean): OpenAPIParameter => ({
  name: 'body',
  in: 'body',
  description: 'The object.',
  required: isRequired,
  schema: { $ref: refPrefix + definition },
})

const patchDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch'
const deleteDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'
const statusDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'

/** `core_v1`, `apps_v1`. */
const tagOf = ({ group, version }: Resource) => `${group === '' ? 'core' : group.split('.')[0]}_${version}`

const capitalized = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)

/** What each verb is called in ids, actions and descriptions, and what goes in and out. */
const verbs = {
  create: { method: 'post', id: 'create', action: 'post', text: 'create' },
  delete: { method: 'delete', id: 'delete', action: 'delete', text: 'delete' },
  deletecollection: {
    method: 'delete',
    id: 'deleteCollection',
    action: 'deletecollection',
    text: 'delete collection of',
  },
  get: { method: 'get', id: 'read', action: 'get', text: 'read the specified' },
  list: { method: 'get', id: 'list', action: 'list', text: 'list or watch objects of kind' },
  patch: { method: 'patch', id: 'patch', action: 'patch', text: 'partially update the specified' },
  update: { method: 'put', id: 'replace', action: 'put', text: 'replace the specified' },
} as const

type OperationVerb = keyof typeof verbs

function parametersOf(verb: OperationVerb, { definition }: Subject): readonly OpenAPIParameter[] {
  switch (verb) {
    case 'create':
    case 'update':
      return [...(definition ? [bodyOf(definition, true)] : []), ...writeParameters]
    case 'patch':
      return [
        bodyOf(patchDefinition, true),
        ...writeParameters,
        query('force', 'Take over fields.', 'boolean'),
      ]
    case 'delete':
      return [bodyOf(deleteDefinition, false), ...deleteParameters]
    case 'deletecollection':
      return [bodyOf(deleteDefinition, false), ...deleteParameters, ...listParameters]
    case 'list':
      return listParameters
    default:
      return []
  }
}

function resultOf(verb: OperationVerb, { definition }: Subject): string | undefined {
  if (verb === 'delete' || verb === 'deletecollection') return statusDefinition
  return verb === 'list' && definition ? `${definition}List` : definition
}

function operation(verb: OperationVerb, subject: Subject): OpenAPIOperation {
  const { id, action, text } = verbs[verb]
  const result = resultOf(verb, subject)
  const tag = tagOf(subject.resource)
  return {
    description: `${text} ${subject.kind.kind}`,
    operationId: `${id}${tag.split('_').map(capitalized).join('')}${subject.id}`,
    tags: [tag],
    consumes: verb === 'patch' ? patchFormats : ['*/*'],
    produces: verb === 'list' ? [...formats, 'application/json;stream=watch'] : formats,
    parameters: parametersOf(verb, subject),
    ...(result ? { result } : {}),
    action,
    kind: subject.kind,
  }
}

function operations(
  subject: Subject,
  offered: readonly OperationVerb[],
): Partial<Record<Method, OpenAPIOperation>> {
  return Object.fromEntries(offered.map(verb => [verbs[verb].method, operation(verb, subject)]))
}

/** The full name of a kind's definition, undefined for kinds without one. */
export type DefinitionOf = (kind: GroupVersionKindEntry) => string | undefined

function subresourcePaths(item: string, subject: Subject, definitionOf: DefinitionOf): OpenAPIPath[] {
  const { resource } = subject
  const status: Subresource = { name: 'status', kind: resource.kind, verbs: ['get', 'update', 'patch'] }
  const all = [...(resource.hasStatus ? [status] : []), ...resource.subresources]
  return all.map(subresource => {
    const { group = resource.group, version = resource.version, kind } = subresource
    const entry = { group, kind, version }
    const beneath = {
      ...subject,
      kind: entry,
      definition: definitionOf(entry),
      id: subject.id + capitalized(subresource.name),
    }
    return {
      path: `${item}/${subresource.name}`,
      parameters: [nameParameter, ...(resource.namespaced ? [namespaceParameter] : [])],
      operations: operations(beneath, subresource.verbs),
    }
  })
}

const onCollection: readonly OperationVerb[] = ['create', 'list', 'deletecollection']
const onObject: readonly OperationVerb[] = ['get', 'update', 'patch', 'delete']

/** The paths of one resource. */
export function resourcePaths(resource: Resource, definitionOf: DefinitionOf): readonly OpenAPIPath[] {
  const { group, version, kind, namespaced } = resource
  const root = `${group === '' ? '/api' : '/apis'}/${apiVersionOf({ group, version })}`
  const collection = `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${resource.resource}`
  const entry = { group, kind, version }
  const scope = namespaced ? [namespaceParameter] : []
  const subject: Subject = {
    resource,
    kind: entry,
    definition: definitionOf(entry),
    id: `${namespaced ? 'Namespaced' : ''}${kind}`,
  }
  const offered = (from: readonly OperationVerb[]) => from.filter(verb => resource.verbs.includes(verb))
  const everywhere = { ...subject, id: `${kind}ForAllNamespaces` }
  const item = `${collection}/{name}`
  const paths: OpenAPIPath[] = [
    ...(namespaced && resource.verbs.includes('list')
      ? [
          {
            path: `${root}/${resource.resource}`,
            parameters: [],
            operations: operations(everywhere, ['list']),
          },
        ]
      : []),
    { path: collection, parameters: scope, operations: operations(subject, offered(onCollection)) },
    {
      path: item,
      parameters: [nameParameter, ...scope],
      operations: operations(subject, offered(onObject)),
    },
    ...subresourcePaths(item, subject, definitionOf),
  ]
  return paths.filter(path => Object.keys(path.operations).length > 0)
}
