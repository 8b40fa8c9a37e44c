// One resource's REST behaviour over a Store, in objects: what stands between the HTTP side (which
// negotiates, patches and renders) and the watch cache, admission, strategies and storage behind it.
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'

export interface User {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** Who asks, and where warnings for the answer's `Warning` headers are collected. */
export interface RequestContext {
  readonly user: User
  readonly warn: (message: string) => void
  /** What the audit log is to say besides; absent where the request is not recorded. */
  readonly annotate?: (key: string, value: string) => void
  readonly signal?: AbortSignal
}

/** An object as the watch cache holds it: bytes ready to send, plus what selectors and indexes look at. */
export interface StoredObject {
  readonly name: string
  /** Empty for cluster-scoped objects. */
  readonly namespace: string
  readonly uid: string
  readonly revision: number
  readonly labels: Readonly<Record<string, string>>
  /** JSON with apiVersion, kind and resourceVersion, as it goes over the wire. */
  readonly bytes: Buffer
  /** Parsed on first use and shared: never change it. */
  readonly object: KubeObject
}

export interface ListOptions {
  /** Empty or absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: string
}

export interface GetOptions {
  /** Not older than this one; empty or absent: the newest. */
  readonly resourceVersion?: string
}

export interface StoredList {
  readonly items: readonly StoredObject[]
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** For DELETED the last state, with the revision of the deletion. */
  readonly stored: StoredObject
}

export interface Bookmark {
  readonly type: 'BOOKMARK'
  readonly revision: number
  /**
   * This bookmark ends the initial events of `sendInitialEvents` (annotation k8s.io/initial-events-end).
   */
  readonly initialEventsEnd: boolean
}

export interface WatchOptions extends ListOptions {
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
  /** A batch: everything this watcher is to see of one commit. Must not throw. */
  readonly onEvents: (events: readonly (StoredEvent | Bookmark)[]) => void
  /** Ended: without an error by its timeout, with a StatusError otherwise (Expired ...). */
  readonly onEnd: (error?: unknown) => void
}

export interface Watch {
  close(): void
}

export interface WriteOptions {
  readonly dryRun?: boolean
  /** `status` and other subresources restrict what is written; see the files in subresources/. */
  readonly subresource?: string
}

export interface DeleteOptions {
  readonly dryRun?: boolean
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  readonly orphanDependents?: boolean
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

/**
 * What an update makes of the object that is stored; absent `current`: it is being created by an update.
 */
export type Transform = (current: KubeObject | undefined) => KubeObject | Promise<KubeObject>

export interface UpdateOptions extends WriteOptions {
  readonly transform: Transform
  readonly isPatch?: boolean
  /** Of the object that is meant: when there is none any more, that is a conflict, not its absence. */
  readonly uid?: string | undefined
  /** Rejects when who asks may not create what is not there. Absent: they may. */
  readonly mayCreate?: () => Promise<void>
  /** The transform changes nothing of what it is given, and its result shares nothing with it. */
  readonly keepsCurrent?: boolean
}

/** Every method throws StatusError. Objects passed in belong to the registry from then on. */
export interface Registry {
  readonly resource: Resource
  get(context: RequestContext, namespace: string, name: string, options?: GetOptions): Promise<StoredObject>
  list(context: RequestContext, options: ListOptions): Promise<StoredList>
  watch(context: RequestContext, options: WatchOptions): Promise<Watch>
  /** `object` is decoded (structurally valid) but not yet defaulted. `namespace` is the URL's. */
  create(
    context: RequestContext,
    object: KubeObject,
    options: WriteOptions & { readonly namespace: string },
  ): Promise<StoredObject>
  /**
   * Reads, transforms, defaults, admits, validates, writes; starts over when the object changed in between
   * and the transform's result does not insist on a resourceVersion of its own.
   */
  update(
    context: RequestContext,
    target: { readonly namespace: string; readonly name: string },
    options: UpdateOptions,
  ): Promise<{ readonly stored: StoredObject; readonly created: boolean }>
  /** `finished` is false when the object stays for its grace period or its finalizers. */
  delete(
    context: RequestContext,
    target: { readonly namespace: string; readonly name: string },
    options: DeleteOptions,
  ): Promise<{ readonly stored: StoredObject; readonly finished: boolean }>
  deleteCollection(
    context: RequestContext,
    options: ListOptions & { readonly delete: DeleteOptions },
  ): Promise<StoredList>
}

/** The registry of a resource, by group and plural; undefined when there is none. */
export type RegistryLookup = (group: string, version: string, resource: string) => Registry | undefined
