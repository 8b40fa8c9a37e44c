// What a controller reads instead of asking the server, and the client that keeps it honest: every answer
// to a write goes into the cache at once, so that the next reconcile sees it even when the watch lags
// behind. That takes the place of the expectations that kube-controller-manager's ReplicaSet controller
// counts.
import { controllerOf } from '../api/meta/owners.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import {
  Client,
  type ClientDeleteOptions,
  type ClientPatchOptions,
  type ClientWriteOptions,
  type ObjectReference,
} from '../client/client.ts'
import type { Informer } from '../client/informer.ts'
import type { Informers } from '../client/informers.ts'

const namespaceOf = (object: KubeObject): readonly string[] => [object.metadata.namespace ?? '']
function controllerUIDOf(object: KubeObject): readonly string[] {
  const owner = controllerOf(object)
  return owner ? [owner.uid] : []
}

export class Cache {
  readonly #informers: Informers

  constructor(informers: Informers) {
    this.#informers = informers
  }

  /**
   * The informer itself, for handlers and indexes of one's own. One with a field selector holds only what
   * that selects, and learns of own writes by its watch alone.
   */
  informer<T extends KubeObject>(resource: Resource<T>, fieldSelector?: string): Informer<T> {
    return this.#informers.of(resource, fieldSelector)
  }

  get<T extends KubeObject>(resource: Resource<T>, target: ObjectReference): T | undefined {
    return this.informer(resource).get(target.namespace ? `${target.namespace}/${target.name}` : target.name)
  }

  list<T extends KubeObject>(resource: Resource<T>): T[] {
    return this.informer(resource).list()
  }

  inNamespace<T extends KubeObject>(resource: Resource<T>, namespace: string): T[] {
    const informer = this.informer(resource)
    informer.addIndex('namespace', namespaceOf)
    return informer.byIndex('namespace', namespace)
  }

  /** The objects whose controller is `owner`. */
  ownedBy<T extends KubeObject>(resource: Resource<T>, owner: KubeObject): T[] {
    const informer = this.informer(resource)
    informer.addIndex('controller', controllerUIDOf)
    return informer.byIndex('controller', owner.metadata.uid ?? '')
  }
}

/** A Client whose writes are noted in the informers of the same process. */
export class CachingClient extends Client {
  readonly #informers: Informers

  constructor(client: Client, informers: Informers) {
    super(client.transport)
    this.#informers = informers
  }

  override async create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: ClientWriteOptions = {},
  ): Promise<T> {
    return this.#note(resource, await super.create(resource, object, options), options)
  }

  override async update<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: ClientWriteOptions = {},
  ): Promise<T> {
    return this.#note(resource, await super.update(resource, object, options), options)
  }

  override async patch<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectReference,
    patch: unknown,
    options: ClientPatchOptions = {},
  ): Promise<T> {
    return this.#note(resource, await super.patch(resource, target, patch, options), options)
  }

  /** Only an answer that shows the object terminating is noted; that it is gone, the watch will tell. */
  override async delete<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectReference,
    options: ClientDeleteOptions = {},
  ): Promise<KubeObject> {
    const answer = await super.delete(resource, target, options)
    if (answer.metadata?.deletionTimestamp) this.#note(resource, answer)
    return answer
  }

  #note<R extends KubeObject>(resource: Resource, answer: R, options: ClientWriteOptions = {}): R {
    const aboutAPart = options.subresource !== undefined && options.subresource !== 'status'
    if (!options.dryRun && !aboutAPart) this.#informers.peek(resource)?.noteWrite(answer)
    return answer
  }
}
