// The scratch namespace: made when the first check creates something, labelled, and removed at the end of the
// run however it ends; what an earlier run left behind after a kill is removed at the next start.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'

export interface WaitOptions<T> {
  readonly until: (object: T) => boolean
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface Workspace {
  /** Its name; makes it at the first call. */
  namespace(): Promise<string>
  /** The one for Pods in the node's own network: a namespace that may hold them. */
  hostNamespace(): Promise<string>
  /**
   * Creates an object in it, with verify's labels; a `generateName` of the check's id is used where the
   * object has no name. Throws the server's StatusError.
   */
  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>
  /** Removes an object before the end; idempotent. */
  remove<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): Promise<void>
  /**
   * Resolves with the object as soon as it is as wanted, by watch; rejects when `timeoutMs` is over. Objects
   * of the scratch namespace unless another is named.
   */
  waitFor<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    options: WaitOptions<T> & { readonly namespace?: string },
  ): Promise<T>
}
