// The typed client every component uses to talk to an API server, ours or another, over any Transport.
import type { KubeList, KubeObject } from '../api/object.ts'
import { pathOf, type Resource } from '../api/resource.ts'
import type { Transport, TransportRequest, WatchHandle, WatchHandlers } from '../api/transport.ts'

export interface ObjectReference {
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string
  readonly name: string
}

export interface ClientListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

export interface ClientWatchOptions extends ClientListOptions {
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
}

export interface ClientDeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export type PatchType = 'json' | 'merge' | 'strategic-merge' | 'apply'

export interface ClientWriteOptions {
  readonly dryRun?: boolean
  readonly subresource?: string
  readonly signal?: AbortSignal
}

export interface ClientPatchOptions extends ClientWriteOptions {
  /** Default: merge. */
  readonly type?: PatchType
}

const contentTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  'strategic-merge': 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

const writeQuery = (options: ClientWriteOptions) => (options.dryRun ? { dryRun: 'All' } : {})

function listQuery(options: ClientWatchOptions): Record<string, string> {
  const { namespace: _, ...rest } = options
  return Object.fromEntries(
    Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, String(value)]),
  )
}

/**
 * Objects that a Client returns may be shared with others: never change them, copy first. Every method
 * throws the StatusError that the server answered.
 */
export class Client {
  readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }

  async get<T extends KubeObject>(resource: Resource<T>, target: ObjectReference): Promise<T> {
    return this.#send({ method: 'GET', path: pathOf(resource, target.namespace, target.name) })
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    options: ClientListOptions = {},
  ): Promise<KubeList<T>> {
    return this.#send({ method: 'GET', path: pathOf(resource, options.namespace), query: listQuery(options) })
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: ClientWriteOptions = {},
  ): Promise<T> {
    const path = pathOf(resource, object.metadata.namespace)
    return this.#send({ method: 'POST', path, body: object, query: writeQuery(options) })
  }

  async update<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: ClientWriteOptions = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata
    const path = pathOf(resource, namespace, name, options.subresource)
    return this.#send({ method: 'PUT', path, body: object, query: writeQuery(options) })
  }

  async updateStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.update(resource, object, { subresource: 'status' })
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectReference,
    patch: unknown,
    options: ClientPatchOptions = {},
  ): Promise<T> {
    return this.#send({
      method: 'PATCH',
      path: pathOf(resource, target.namespace, target.name, options.subresource),
      contentType: contentTypes[options.type ?? 'merge'],
      body: patch,
      query: writeQuery(options),
    })
  }

  /** The object in its last or its terminating state, or a Status. */
  async delete<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectReference,
    options: ClientDeleteOptions = {},
  ): Promise<KubeObject> {
    const path = pathOf(resource, target.namespace, target.name)
    return this.#send({
      method: 'DELETE',
      path,
      body: { apiVersion: 'v1', kind: 'DeleteOptions', ...options },
    })
  }

  async deleteCollection<T extends KubeObject>(
    resource: Resource<T>,
    options: ClientListOptions & { readonly delete?: ClientDeleteOptions } = {},
  ): Promise<void> {
    const { delete: deletion, ...selection } = options
    await this.#send({
      method: 'DELETE',
      path: pathOf(resource, options.namespace),
      query: listQuery(selection),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', ...deletion },
    })
  }

  /** POSTs to a subresource such as `binding`, `eviction` or `token`. */
  async createSubresource<T extends KubeObject, R = KubeObject>(
    resource: Resource<T>,
    target: ObjectReference & { readonly subresource: string },
    body: unknown,
  ): Promise<R> {
    const path = pathOf(resource, target.namespace, target.name, target.subresource)
    return this.#send({ method: 'POST', path, body })
  }

  async watch<T extends KubeObject>(
    resource: Resource<T>,
    options: ClientWatchOptions,
    handlers: WatchHandlers<T>,
  ): Promise<WatchHandle> {
    const path = pathOf(resource, options.namespace)
    return this.transport.watch({ method: 'GET', path, query: listQuery(options) }, handlers)
  }

  async #send<R>(request: TransportRequest): Promise<R> {
    return (await this.transport.request<R>(request)).body
  }
}
