// How a request to an API server and its answer look, in objects rather than bytes. A client speaks it; the
// HTTPS transport and the in-process one (straight into the server's registries, no TLS, no HTTP) implement
// it.
import type { KubeObject } from './object.ts'

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Without the query: `/api/v1/namespaces/default/pods`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>
  /**
   * For PATCH: `application/merge-patch+json`, `application/json-patch+json`, `application/strategic-merge-
   * patch+json`.
   */
  readonly contentType?: string
  /** Encoded as JSON. The receiver never changes it and never keeps it. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface TransportResponse<T = KubeObject> {
  readonly status: number
  /** Never change it: it may be shared with the server and with other clients. */
  readonly body: T
  readonly warnings: readonly string[]
}

export interface TransportWatchEvent<T = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  /** Shared, never change it. */
  readonly object: T
}

export interface WatchHandlers<T = KubeObject> {
  /** One or more events, in order. */
  readonly onEvents: (events: readonly TransportWatchEvent<T>[]) => void
  /** The watch has ended: by the server's timeout (no error) or with a StatusError such as Expired. */
  readonly onEnd: (error?: unknown) => void
}

export interface WatchHandle {
  /** No handler is called any more. */
  close(): void
}

export interface Transport {
  /** Throws the StatusError that the server answered. */
  request<T = KubeObject>(request: TransportRequest): Promise<TransportResponse<T>>
  /**
   * `query` carries the list options; `watch=true` is added. Resolves when the server has accepted the
   * watch.
   */
  watch<T = KubeObject>(request: TransportRequest, handlers: WatchHandlers<T>): Promise<WatchHandle>
}
