// Level-based controllers: an object's key is queued whenever something changes that matters to it, and
// `reconcile` compares what should be with what is. Modelled on kube-controller-manager's loops and
// controller-runtime's pkg/reconcile: throwing means "again, later", TerminalError means "not again until
// something changes".
import { controllerOf } from '../api/meta/owners.ts'
import { type KubeObject, parseAPIVersion } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { isConflict, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder, Events } from '../client/events.ts'
import { keyOf } from '../client/informer.ts'
import { WorkQueue } from '../client/workqueue.ts'
import { queueMeter } from '../client/workqueuemetrics.ts'
import { type Clock, nextTurn } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import type { Logger } from '../component/log.ts'
import type { MetricSet } from '../component/metrics.ts'
import type { Tracer } from '../component/tracing.ts'
import type { Cache } from './cache.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'

/** Thrown by a reconcile that would fail again in the same way: it is logged and not retried. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}

/** What the manager gives to every controller. */
export interface ControllerEnvironment {
  /** Its writes are visible in `cache` at once. */
  readonly client: Client
  readonly cache: Cache
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  /** Where work is measured. */
  readonly metrics?: MetricSet | undefined
  readonly tracer?: Tracer | undefined
}

export interface ReconcileContext extends Omit<ControllerEnvironment, 'events'> {
  /** `namespace/name`, or `name`. */
  readonly key: string
  readonly events: EventRecorder
  /** Aborted when the controller stops. */
  readonly signal: AbortSignal
  /** Look at this object again after the delay; of several calls the soonest counts. */
  enqueueAfter(delayMs: number): void
}

/** Another resource whose changes matter, and the keys they matter to. */
export interface WatchSource {
  readonly resource: Resource
  /** Absent: every object of the resource is held in memory and watched. */
  readonly fieldSelector?: string
  /** Asked for the object before and after each change; `cache` may hold either. */
  keys(object: KubeObject, cache: Cache): readonly string[]
  /** Absent: every change matters. */
  matters?(object: KubeObject, previous: KubeObject): boolean
}

export function onChange<T extends KubeObject>(
  resource: Resource<T>,
  keys: (object: T, cache: Cache) => readonly string[],
  matters?: (object: T, previous: T) => boolean,
): WatchSource {
  return { resource, keys, matters } as unknown as WatchSource
}

export interface ControllerDefinition<T extends KubeObject> {
  /** Also the component in its Events: `deployment-controller`. */
  readonly name: string
  readonly for: Resource<T>
  /** Absent: every update of the object is looked at. */
  matters?(object: T, previous: T): boolean
  /** What it makes: changes of these are changes of the object that controls them. */
  readonly owns?: readonly Resource[]
  readonly watches?: readonly WatchSource[]
  /** Read from the cache without being watched. */
  readonly reads?: readonly Resource[]
  /** Objects worked on at the same time. Default 5. */
  readonly workers?: number
  /** Brings one object's world in order. Never change `object`: it is the cache's. */
  reconcile(object: T, context: ReconcileContext): Promise<void>
  /** The object is gone. */
  deleted?(key: string, context: ReconcileContext): Promise<void> | void
}

/**
 * What the manager runs. `create` makes handlers and indexes; the component is started once the cache is
 * filled.
 */
export interface Controller {
  readonly name: string
  create(environment: ControllerEnvironment): Component
}

export function defineController<T extends KubeObject>(definition: ControllerDefinition<T>): Controller {
  return { name: definition.name, create: environment => new ControllerLoop(definition, environment) }
}

/**
 * After so many objects in a row the event loop gets a turn: reconciles that write nothing never leave it.
 */
const keysPerTurn = 32

class ControllerLoop<T extends KubeObject> implements Component {
  readonly name: string
  readonly #definition: ControllerDefinition<T>
  readonly #environment: ControllerEnvironment
  readonly #recorder: EventRecorder
  readonly #queue: WorkQueue
  readonly #stopping = new AbortController()
  readonly #detach: (() => void)[] = []
  #workers: Promise<void>[] = []
  #handled = 0

  constructor(definition: ControllerDefinition<T>, environment: ControllerEnvironment) {
    this.name = definition.name
    this.#definition = definition
    this.#environment = { ...environment, log: environment.log.child(definition.name) }
    this.#recorder = environment.events.recorder(definition.name)
    const { clock, metrics } = environment
    this.#queue = new WorkQueue({ clock, meter: queueMeter(metrics, definition.name, clock) })
    this.#attach()
  }

  async start(): Promise<void> {
    const count = this.#definition.workers ?? 5
    this.#workers = Array.from({ length: count }, () => this.#work())
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error(`${this.name} stops`))
    for (const detach of this.#detach.splice(0)) detach()
    await this.#queue.shutDown()
    await Promise.all(this.#workers)
  }

  #attach(): void {
    const { cache } = this.#environment
    const { for: resource, owns = [], watches = [], reads = [] } = this.#definition
    const matters = (object: T, previous: T) => this.#definition.matters?.(object, previous) ?? true
    const remove = cache.informer(resource).addHandlers({
      add: object => this.#queue.add(keyOf(object)),
      update: (object, previous) => {
        if (matters(object, previous)) this.#queue.add(keyOf(object))
      },
      delete: object => this.#queue.add(keyOf(object)),
    })
    this.#detach.push(remove)
    const sources = [...watches, ...owns.map(owned => onChange(owned, object => this.#ownersKeys(object)))]
    for (const source of sources) this.#follow(source)
    for (const read of reads) cache.informer(read)
  }

  #follow(source: WatchSource): void {
    const { cache } = this.#environment
    const enqueue = (object: KubeObject) => {
      for (const key of source.keys(object, cache)) this.#queue.add(key)
    }
    const remove = cache.informer(source.resource, source.fieldSelector).addHandlers({
      add: enqueue,
      update: (object, previous) => {
        if (source.matters && !source.matters(object, previous)) return
        enqueue(previous)
        enqueue(object)
      },
      delete: enqueue,
    })
    this.#detach.push(remove)
  }

  #ownersKeys(object: KubeObject): readonly string[] {
    const owner = controllerOf(object)
    const { kind, group, namespaced } = this.#definition.for
    if (owner?.kind !== kind || parseAPIVersion(owner.apiVersion).group !== group) return []
    return [namespaced ? `${object.metadata.namespace}/${owner.name}` : owner.name]
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take()
      if (key === undefined) return
      try {
        await this.#logged(key)
        this.#queue.forget(key)
      } catch (error) {
        this.#failed(key, error)
      } finally {
        this.#queue.done(key)
      }
      if (++this.#handled % keysPerTurn === 0) await nextTurn()
    }
  }

  async #logged(key: string): Promise<void> {
    const { clock, log } = this.#environment
    const began = clock.monotonic()
    await this.#traced(key)
    log.debug('reconciled', { key, durationMs: Math.round((clock.monotonic() - began) * 10) / 10 })
  }

  #traced(key: string): Promise<void> {
    const { tracer } = this.#environment
    if (!tracer) return this.#reconcile(key)
    const attributes = { 'futago.controller': this.name, 'futago.key': key }
    return tracer.run(`reconcile ${this.name}`, { attributes, isRoot: true }, () => this.#reconcile(key))
  }

  async #reconcile(key: string): Promise<void> {
    const { cache } = this.#environment
    const object = cache.informer(this.#definition.for).get(key)
    const context: ReconcileContext = {
      ...this.#environment,
      key,
      events: this.#recorder,
      signal: this.#stopping.signal,
      enqueueAfter: delayMs => this.#queue.addAfter(key, delayMs),
    }
    if (object) await this.#definition.reconcile(object, context)
    else await this.#definition.deleted?.(key, context)
  }

  #failed(key: string, error: unknown): void {
    if (this.#stopping.signal.aborted) return
    const { log } = this.#environment
    if (isNamespaceTerminating(error)) {
      this.#queue.forget(key)
      return
    }
    if (error instanceof TerminalError) {
      this.#queue.forget(key)
      log.error('cannot reconcile', { key, error: error.message })
      return
    }
    const delayMs = this.#queue.addRateLimited(key)
    const expected = isConflict(error) || isNotFound(error)
    log[expected ? 'debug' : 'warn']('a reconcile failed and is retried', {
      key,
      delayMs,
      error: String(error),
    })
  }
}
