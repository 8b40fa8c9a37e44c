// One resource of the API: what it is called and how its objects are defaulted, checked, shown and stored.
// Everything generic (discovery, registry, tables, controllers, clients) is driven by this value. The hooks
// keep upstream's names (k8s.io/apiserver pkg/registry/rest: PrepareForCreate, Validate ...).
import type { FieldError } from './fields.ts'
import type { KubeObject } from './object.ts'

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/** How `metadata.name` is checked; the names are those of apimachinery's validators. */
export type NameRule = 'dns1123Subdomain' | 'dns1123Label' | 'dns1035Label' | 'pathSegment'

/** A printer column: `kubectl get` shows those of priority 0, `-o wide` all. */
export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format: string
  readonly description: string
  readonly priority: number
  /** The cell; `nowMs` is the wall clock, for ages. A column that uses it sets `timeDependent`. */
  cell(object: T, nowMs: number): string | number | boolean | null
  readonly timeDependent: boolean
}

export interface ColumnOptions {
  readonly type?: Column['type']
  readonly format?: string
  readonly description?: string
  readonly wide?: boolean
  readonly timeDependent?: boolean
}

export function column<T extends KubeObject>(
  name: string,
  cell: (object: T, nowMs: number) => string | number | boolean | null,
  options: ColumnOptions = {},
): Column<T> {
  return {
    name,
    cell,
    type: options.type ?? 'string',
    format: options.format ?? '',
    description: options.description ?? '',
    priority: options.wide ? 1 : 0,
    timeDependent: options.timeDependent ?? false,
  }
}

/** A subresource beyond `status`, which comes with `hasStatus`. */
export interface Subresource {
  readonly name: string
  readonly kind: string
  /** Group and version of that kind, where they differ from the resource's. */
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly ('get' | 'create' | 'update' | 'patch')[]
}

/** Who makes a request, for kinds that remember it. */
export interface Requester {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** Hooks are methods, so that a Resource<Pod> may stand where any Resource is expected. */
type FieldGetter<T> = { get(object: T): string }['get']

export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** The plural, as in URLs. */
  readonly resource: string
  readonly namespaced: boolean
  readonly singular?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  /** Absent: all of them. */
  readonly verbs?: readonly Verb[]
  readonly hasStatus?: boolean
  /** A status that comes with a create is kept, as Nodes bring theirs when they register. */
  readonly keepsStatusOnCreate?: boolean
  readonly subresources?: readonly Subresource[]
  /** The `Warning` of every request for a resource that is on its way out, reads included. */
  readonly deprecation?: string
  readonly columns?: readonly Column<T>[]
  readonly nameRule?: NameRule
  /** PUT to a name that does not exist creates it. */
  readonly allowCreateOnUpdate?: boolean
  /** `metadata.generation` starts at 1 and grows with every change outside metadata and status. */
  readonly hasGeneration?: boolean
  /** Field selectors beyond metadata.name and metadata.namespace: path -> value. */
  readonly selectableFields?: Readonly<Record<string, FieldGetter<T>>>

  /**
   * Fills in defaults, in place. Runs on every object that a client sends, before admission. Idempotent.
   */
  default?(object: T): void
  /** In place: drops what a client may not set on create (status, for one, is dropped already). */
  prepareForCreate?(object: T, requester?: Requester): void
  validate?(object: T): readonly FieldError[]
  /** In place: keeps what an update may not touch (status is kept already). */
  prepareForUpdate?(object: T, previous: T): void
  /** `validate` runs as well, unless `validateUpdate` calls it itself and `validatesUpdateAlone` is set. */
  validateUpdate?(object: T, previous: T): readonly FieldError[]
  readonly validatesUpdateAlone?: boolean
  prepareForStatusUpdate?(object: T, previous: T, nowMs: number): void
  validateStatusUpdate?(object: T, previous: T): readonly FieldError[]
  /** Sentences for the `Warning` header. */
  warnings?(object: T, previous?: T): readonly string[]
  /**
   * Grace period in seconds that a DELETE without one gets; absent: deleted at once. Only Pods have one.
   */
  defaultGracePeriodSeconds?(object: T): number
  /** The default propagation when DELETE names none; absent: Background. */
  readonly defaultPropagation?: 'Background' | 'Orphan' | 'Foreground'
  /** Where objects are stored when another group or version serves the same ones (Events, autoscaling). */
  readonly storedAs?: StoredAs
}

/** A second face of another resource: same stored objects, other field names. */
export interface StoredAs {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly toStored: (object: KubeObject) => KubeObject
  readonly fromStored: (object: KubeObject) => KubeObject
  /** Field selectors: this face's name -> the stored one's. */
  readonly fieldNames?: Readonly<Record<string, string>>
}

export interface Resource<T extends KubeObject = KubeObject> extends ResourceDefinition<T> {
  readonly apiVersion: string
  readonly listKind: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly Verb[]
  readonly hasStatus: boolean
  readonly subresources: readonly Subresource[]
  readonly nameRule: NameRule
  /** Only for the type checker. */
  readonly objectType?: T
}

const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

export function defineResource<T extends KubeObject>(definition: ResourceDefinition<T>): Resource<T> {
  const { group, version, kind } = definition
  return {
    ...definition,
    apiVersion: group === '' ? version : `${group}/${version}`,
    listKind: `${kind}List`,
    singular: definition.singular ?? kind.toLowerCase(),
    shortNames: definition.shortNames ?? [],
    categories: definition.categories ?? [],
    verbs: definition.verbs ?? allVerbs,
    hasStatus: definition.hasStatus ?? false,
    subresources: definition.subresources ?? [],
    nameRule: definition.nameRule ?? 'dns1123Subdomain',
  }
}

/**
 * Where one object lives: `/api/v1/namespaces/ns/pods/name`, `/apis/apps/v1/...`; without a name, the
 * collection.
 */
export function pathOf(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const rest = name === undefined ? '' : `/${encodeURIComponent(name)}${subresource ? `/${subresource}` : ''}`
  return `${root}${scope}/${resource.resource}${rest}`
}
