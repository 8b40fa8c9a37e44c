// Deletes what belongs to owners that are gone, in the background or the foreground, or lets it go as an
// orphan: kube-controller-manager's garbage-collector-controller. It watches every kind, but keeps only
// who owns whom.
import type { OwnerReference } from '../api/generated/types.ts'
import { type KubeObject, parseAPIVersion } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { isConflict, isNotFound } from '../api/status.ts'
import type { TransportWatchEvent } from '../api/transport.ts'
import type { EventRecorder } from '../client/events.ts'
import { Reflector } from '../client/reflector.ts'
import { WorkQueue } from '../client/workqueue.ts'
import { queueMeter } from '../client/workqueuemetrics.ts'
import type { Component } from '../component/component.ts'
import type { Controller, ControllerEnvironment } from './controller.ts'
import {
  type Dependent,
  foregroundFinalizer,
  isOrphaning,
  isWaitingForDependents,
  OwnerGraph,
  orphanFinalizer,
} from './ownergraph.ts'

export interface GarbageCollectorOptions {
  /** All resources of the server. */
  resources(): readonly Resource[]
  /** Default 20. */
  readonly workers?: number
}

const name = 'garbage-collector-controller'

/** What a worker does next. */
type Task =
  | { readonly type: 'check'; readonly uid: string }
  | { readonly type: 'verify'; readonly owner: OwnerReference; readonly namespace: string }
  | {
      readonly type: 'orphan'
      readonly resource: Resource
      readonly namespace: string
      readonly name: string
    }

const isCollected = ({ verbs, storedAs, resource, group }: Resource) =>
  !storedAs &&
  !(resource === 'events' && (group === '' || group === 'events.k8s.io')) &&
  ['list', 'watch', 'delete'].every(verb => verbs.some(have => have === verb))

type OwnerState = 'present' | 'waiting' | 'absent'

class GarbageCollector implements Component {
  readonly name = name
  readonly #environment: ControllerEnvironment
  readonly #events: EventRecorder
  readonly #options: GarbageCollectorOptions
  readonly #graph = new OwnerGraph()
  readonly #queue: WorkQueue
  readonly #tasks = new Map<string, Task>()
  readonly #reflectors: Reflector<KubeObject>[] = []
  readonly #kinds = new Map<string, Resource>()
  #workers: Promise<void>[] = []

  constructor(options: GarbageCollectorOptions, environment: ControllerEnvironment) {
    this.#options = options
    this.#environment = { ...environment, log: environment.log.child(name) }
    this.#events = environment.events.recorder(name)
    const { clock, metrics } = environment
    this.#queue = new WorkQueue({ clock, meter: queueMeter(metrics, name, clock) })
  }

  async start(): Promise<void> {
    const { client, clock, log } = this.#environment
    for (const resource of this.#options.resources()) {
      const kind = `${resource.group}/${resource.kind}`
      if (!resource.storedAs && !this.#kinds.has(kind)) this.#kinds.set(kind, resource)
      if (!isCollected(resource)) continue
      const reflector = new Reflector<KubeObject>({
        client,
        resource,
        clock,
        log,
        onList: items => this.#listed(resource, items),
        onEvents: events => this.#changed(resource, events),
      })
      this.#reflectors.push(reflector)
      reflector.start()
    }
    this.#workers = Array.from({ length: this.#options.workers ?? 20 }, () => this.#work())
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map(reflector => reflector.stop()))
    await this.#queue.shutDown()
    await Promise.all(this.#workers)
  }

  #listed(resource: Resource, items: readonly KubeObject[]): void {
    const present = new Set<string>()
    for (const object of items) {
      present.add(object.metadata.uid ?? '')
      this.#observe(resource, object)
    }
    for (const { uid } of [...this.#graph.ofResource(resource)]) if (!present.has(uid)) this.#gone(uid)
    for (const [owner, dependent] of this.#graph.owners()) {
      const isOfThisKind = owner.kind === resource.kind && groupOf(owner) === resource.group
      if (isOfThisKind && !present.has(owner.uid)) this.#verify(owner, dependent.namespace)
    }
  }

  #changed(resource: Resource, events: readonly TransportWatchEvent[]): void {
    for (const { type, object } of events) {
      if (type === 'DELETED') this.#gone(object.metadata.uid ?? '')
      else this.#observe(resource, object)
    }
  }

  #observe(resource: Resource, object: KubeObject): void {
    const { uid = '', namespace = '', name = '' } = object.metadata
    const wasWaiting = this.#graph.get(uid)?.isWaiting === true
    const { newOwners, freedOwners } = this.#graph.put(resource, object)
    for (const owner of newOwners) this.#verify(owner, namespace)
    for (const { uid } of freedOwners) if (this.#graph.get(uid)?.isWaiting) this.#check(uid)
    if (isOrphaning(object)) this.#add(`orphan ${uid}`, { type: 'orphan', resource, namespace, name })
    if (!isWaitingForDependents(object) || wasWaiting) return
    this.#check(uid)
    for (const dependent of this.#graph.dependentsOf(uid)) this.#check(dependent.uid)
  }

  #gone(uid: string): void {
    const node = this.#graph.remove(uid)
    for (const dependent of this.#graph.dependentsOf(uid)) this.#check(dependent.uid)
    for (const owner of node?.owners ?? []) if (this.#graph.get(owner.uid)?.isWaiting) this.#check(owner.uid)
  }

  #check(uid: string): void {
    this.#add(uid, { type: 'check', uid })
  }

  #verify(owner: OwnerReference, namespace: string): void {
    this.#add(`verify ${owner.uid} ${namespace}`, { type: 'verify', owner, namespace })
  }

  #add(key: string, task: Task): void {
    this.#tasks.set(key, task)
    this.#queue.add(key)
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take()
      if (key === undefined) return
      const task = this.#tasks.get(key)
      try {
        this.#tasks.delete(key)
        if (task) await this.#carryOut(task)
        this.#queue.forget(key)
      } catch (error) {
        if (task && !this.#tasks.has(key)) this.#tasks.set(key, task)
        const delayMs = this.#queue.addRateLimited(key)
        const { log } = this.#environment
        log[isConflict(error) ? 'debug' : 'warn']('cannot collect', { key, delayMs, error: String(error) })
      } finally {
        this.#queue.done(key)
      }
    }
  }

  async #carryOut(task: Task): Promise<void> {
    if (task.type === 'check') return this.#collect(task.uid)
    if (task.type === 'orphan') return this.#orphan(task)
    if ((await this.#ownerState(task.owner, task.namespace)) !== 'absent') return
    for (const dependent of this.#graph.dependentsOf(task.owner.uid)) this.#check(dependent.uid)
  }

  /** Undefined when the kind is not known: such an owner is left in peace. */
  #resourceOf(owner: OwnerReference): Resource | undefined {
    return this.#kinds.get(`${groupOf(owner)}/${owner.kind}`)
  }

  async #ownerState(owner: OwnerReference, namespace: string): Promise<OwnerState> {
    const resource = this.#resourceOf(owner)
    if (!resource) return 'present'
    if (resource.namespaced && namespace === '') return 'absent'
    try {
      const target = resource.namespaced ? { namespace, name: owner.name } : { name: owner.name }
      const object = await this.#environment.client.get(resource, target)
      if (object.metadata.uid !== owner.uid) return 'absent'
      return isWaitingForDependents(object) ? 'waiting' : 'present'
    } catch (error) {
      if (isNotFound(error)) return 'absent'
      throw error
    }
  }

  async #collect(uid: string): Promise<void> {
    const node = this.#graph.get(uid)
    if (!node) return
    const object = await this.#read(node)
    if (!object) return this.#gone(uid)
    if (isWaitingForDependents(object)) return this.#finishForeground(node, object)
    const owners = object.metadata.ownerReferences ?? []
    if (object.metadata.deletionTimestamp || owners.length === 0) return
    const states = await Promise.all(owners.map(owner => this.#ownerState(owner, node.namespace)))
    const kept = owners.filter((_, i) => states[i] === 'present')
    if (kept.length === owners.length) return
    if (kept.length > 0) return this.#keepOwners(node, object, kept)
    this.#complain(node, object)
    if (states.includes('waiting') && this.#graph.hasDependents(uid)) {
      await this.#unblock(node)
      return this.#delete(node, 'Foreground')
    }
    await this.#delete(node, policyOf(object))
  }

  async #read({ resource, namespace, name, uid }: Dependent): Promise<KubeObject | undefined> {
    try {
      const object = await this.#environment.client.get(resource, { namespace, name })
      return object.metadata.uid === uid ? object : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /**
   * A namespaced owner cannot be named by a cluster-scoped object: a mistake that costs the object its
   * life.
   */
  #complain({ resource, namespace }: Dependent, object: KubeObject): void {
    for (const owner of object.metadata.ownerReferences ?? []) {
      if (namespace !== '' || !this.#resourceOf(owner)?.namespaced) continue
      const { apiVersion, kind, name, uid } = owner
      const identity = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`
      const message = `ownerRef ${identity} does not exist in namespace "${namespace}"`
      this.#events.event({ resource, object }, 'Warning', { reason: 'OwnerRefInvalidNamespace', message })
    }
  }

  async #delete({ resource, namespace, name, uid }: Dependent, policy: Policy): Promise<void> {
    const options = { propagationPolicy: policy, preconditions: { uid } }
    try {
      await this.#environment.client.delete(resource, { namespace, name }, options)
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }

  async #keepOwners(node: Dependent, object: KubeObject, kept: readonly OwnerReference[]): Promise<void> {
    const { uid, resourceVersion } = object.metadata
    const { resource, namespace, name } = node
    const patch = { metadata: { uid, resourceVersion, ownerReferences: kept } }
    await this.#environment.client.patch(resource, { namespace, name }, patch).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }

  /** A circle of objects that wait for each other in the foreground would never end. */
  async #unblock(node: Dependent): Promise<void> {
    const dependents = this.#graph.dependentsOf(node.uid)
    if (!dependents.some(({ isWaiting }) => isWaiting)) return
    const object = await this.#read(node)
    if (!object?.metadata.ownerReferences?.some(({ blockOwnerDeletion }) => blockOwnerDeletion)) return
    const owners = object.metadata.ownerReferences.map(owner => ({ ...owner, blockOwnerDeletion: false }))
    await this.#keepOwners(node, object, owners)
  }

  /** Once nothing holds it up any more, an object that waits for its dependents may go. */
  async #finishForeground(node: Dependent, object: KubeObject): Promise<void> {
    const dependents = this.#graph.dependentsOf(node.uid)
    const blocking = dependents.filter(({ owners }) =>
      owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion),
    )
    if (blocking.length === 0) return this.#dropFinalizer(node, object, foregroundFinalizer)
    for (const { uid, isWaiting } of blocking) if (!isWaiting) this.#check(uid)
  }

  async #dropFinalizer(
    { resource, namespace, name }: Pick<Dependent, 'resource' | 'namespace' | 'name'>,
    object: KubeObject,
    finalizer: string,
  ): Promise<void> {
    const { uid, resourceVersion, finalizers = [] } = object.metadata
    const patch = {
      metadata: { uid, resourceVersion, finalizers: finalizers.filter(each => each !== finalizer) },
    }
    await this.#environment.client.patch(resource, { namespace, name }, patch).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }

  async #orphan(task: Pick<Dependent, 'resource' | 'namespace' | 'name'>): Promise<void> {
    const { client } = this.#environment
    const owner = await client.get(task.resource, task).catch(error => {
      if (!isNotFound(error)) throw error
      return undefined
    })
    if (!owner || !isOrphaning(owner)) return
    const { uid } = owner.metadata
    const orphans = this.#graph.dependentsOf(uid ?? '').map(async dependent => {
      const object = await this.#read(dependent)
      const others = object?.metadata.ownerReferences?.filter(reference => reference.uid !== uid)
      if (object && others) await this.#keepOwners(dependent, object, others)
    })
    await Promise.all(orphans)
    await this.#dropFinalizer(task, owner, orphanFinalizer)
  }
}

type Policy = 'Orphan' | 'Background' | 'Foreground'

const groupOf = ({ apiVersion }: OwnerReference) => parseAPIVersion(apiVersion).group

function policyOf({ metadata }: KubeObject): Policy {
  if (metadata.finalizers?.includes(orphanFinalizer)) return 'Orphan'
  return metadata.finalizers?.includes(foregroundFinalizer) ? 'Foreground' : 'Background'
}

export const garbageCollector = (options: GarbageCollectorOptions): Controller => ({
  name,
  create: environment => new GarbageCollector(options, environment),
})
