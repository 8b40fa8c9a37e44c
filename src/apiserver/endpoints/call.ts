// What an endpoint is given and what it answers, in objects: HTTP and the in-process transport use the same
// endpoints and differ only in how a body comes in and how an answer goes out.
import type { GroupVersionKind, KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { Query } from '../query.ts'
import type { Registry, RequestContext, StoredList, StoredObject } from '../registry/registry.ts'
import type { RequestInfo } from '../requestinfo.ts'

/** A request's body: bytes from the wire, or a value from this process. */
export interface CallBody {
  readonly contentType: string | undefined
  /** Empty when there is none. */
  bytes(): Promise<Buffer>
  /** A value handed over in process; whoever gets it owns it. */
  readonly value?: () => unknown
}

/** One patch, ready to be applied to what is stored; never changes it. Throws StatusError. */
export type Patcher = (current: KubeObject) => unknown

/** Understands a patch of one of the media types; throws StatusError for what is none. */
export type PatchReader = (
  mediaType: string,
  patch: unknown,
  gvk: GroupVersionKind,
) => Patcher | Promise<Patcher>

export interface Call {
  readonly info: RequestInfo
  readonly query: Query
  readonly resource: Resource
  readonly registry: Registry
  readonly context: RequestContext
  readonly body: CallBody
  readonly readPatch: PatchReader
  /** Rejects when the user may not create the object that an update does not find. */
  readonly mayCreate: () => Promise<void>
}

export type Answer =
  | { readonly type: 'stored'; readonly status: number; readonly stored: StoredObject }
  | { readonly type: 'list'; readonly list: StoredList }
  /** An object that is not stored as such: a Status, a Scale. */
  | { readonly type: 'value'; readonly status: number; readonly value: object }

export type Endpoint = (call: Call) => Promise<Answer>

/** The namespace as registries want it: empty for cluster-scoped resources, Namespaces among them. */
export const namespaceOf = ({ info, resource }: Call) => (resource.namespaced ? info.namespace : '')

export const targetOf = (call: Call) => ({ namespace: namespaceOf(call), name: call.info.name })

/** A deep copy of plain JSON data, without what JSON would not write. */
export function cloneJSON<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cloneJSON) as T
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON() as T
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key]
    if (inner !== undefined) copy[key] = typeof inner === 'object' ? cloneJSON(inner) : inner
  }
  return copy as T
}
