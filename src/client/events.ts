// Records Events about objects without ever keeping the caller waiting: they are written behind its back,
// a few at a time, from a queue of bounded length. Fields and names are those of client-go's tools/record.
import type { CoreV1Event } from '../api/generated/types.ts'
import { apiVersionOf, type KubeObject } from '../api/object.ts'
import { defineResource, type Resource } from '../api/resource.ts'
import { isNotFound } from '../api/status.ts'
import type { Clock } from '../component/clock.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import type { Client } from './client.ts'
import { EventCorrelator } from './eventcorrelator.ts'

/** Only the coordinates: a client needs no more. */
const coreEvents = defineResource<CoreV1Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  namespaced: true,
})

export type EventType = 'Normal' | 'Warning'

export interface EventSubject {
  readonly resource: Resource
  readonly object: KubeObject
  /** For a part of it: `spec.containers{web}`. */
  readonly fieldPath?: string
}

export interface EventRecorder {
  /** Returns at once; an Event that cannot be written is lost, as upstream's are. */
  event(subject: EventSubject, type: EventType, text: { reason: string; message: string }): void
}

export interface EventsOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log?: Logger
  /** Events that wait beyond this number are dropped. Default 10,000. */
  readonly maxQueued?: number
  /** Writes under way at once. Default 8. */
  readonly concurrency?: number
}

interface Pending {
  readonly event: CoreV1Event
  /** Absent: it is new. */
  readonly created?: CoreV1Event
}

/** Where the recorders of one process put their Events. */
export class Events {
  readonly #client: Client
  readonly #clock: Clock
  readonly #log: Logger
  readonly #maxQueued: number
  readonly #concurrency: number
  readonly #correlator = new EventCorrelator()
  #queue: Pending[] = []
  /** Names of events being written: a count must not overtake the creation. */
  readonly #writing = new Set<string>()
  #dropped = 0
  #sequence = 0
  #closed = false
  #onIdle: (() => void)[] = []

  constructor(options: EventsOptions) {
    this.#client = options.client
    this.#clock = options.clock
    this.#log = options.log ?? silentLogger
    this.#maxQueued = options.maxQueued ?? 10_000
    this.#concurrency = options.concurrency ?? 8
  }

  /** How many were lost because too many waited. */
  get dropped(): number {
    return this.#dropped
  }

  /** `component` is who reports: `deployment-controller`; `host` the node it runs on, if it matters. */
  recorder(component: string, host?: string): EventRecorder {
    return {
      event: (subject, type, text) => {
        if (this.#closed) return
        this.#record({ ...this.#describe(subject), ...text, type, ...reporter(component, host) })
      },
    }
  }

  /** Resolves when everything recorded so far is written or lost. */
  flushed(): Promise<void> {
    if (this.#queue.length === 0 && this.#writing.size === 0) return Promise.resolve()
    return new Promise(resolve => this.#onIdle.push(resolve))
  }

  /** Drops what waits; resolves when no write is under way. */
  async close(): Promise<void> {
    this.#closed = true
    this.#queue = []
    if (this.#writing.size > 0) await this.flushed()
  }

  #describe({ resource, object, fieldPath }: EventSubject): CoreV1Event {
    const { namespace, name = '', uid, resourceVersion } = object.metadata
    const nowMs = this.#clock.now()
    const timestamp = `${new Date(nowMs).toISOString().slice(0, 19)}Z`
    this.#sequence = (this.#sequence + 1) % 1_000_000
    const nanoseconds = BigInt(nowMs) * 1_000_000n + BigInt(this.#sequence)
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${nanoseconds.toString(16)}`, namespace: namespace || 'default' },
      involvedObject: {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        ...(namespace ? { namespace } : {}),
        name,
        uid,
        resourceVersion,
        ...(fieldPath ? { fieldPath } : {}),
      },
      count: 1,
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
    }
  }

  #record(event: CoreV1Event): void {
    const correlated = this.#correlator.correlate(event, this.#clock.now())
    if (correlated.type === 'dropped') return
    if (this.#queue.length >= this.#maxQueued) {
      this.#dropped++
      return
    }
    this.#queue.push(correlated)
    this.#pump()
  }

  #pump(): void {
    while (this.#writing.size < this.#concurrency && this.#queue.length > 0) {
      const next = this.#queue.findIndex(({ event }) => !this.#writing.has(event.metadata.name ?? ''))
      if (next < 0) break
      const [pending] = this.#queue.splice(next, 1)
      if (pending) void this.#write(pending)
    }
    if (this.#writing.size > 0 || this.#queue.length > 0) return
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  async #write({ event, created }: Pending): Promise<void> {
    const { name = '', namespace } = event.metadata
    this.#writing.add(name)
    try {
      if (created) await this.#count(event)
      else await this.#client.create(coreEvents, event)
    } catch (error) {
      this.#log.debug('an event is lost', { name, namespace, error: String(error) })
    } finally {
      this.#writing.delete(name)
      this.#pump()
    }
  }

  async #count(event: CoreV1Event): Promise<void> {
    const { name = '', namespace } = event.metadata
    const { count, lastTimestamp, message } = event
    try {
      await this.#client.patch(coreEvents, { namespace, name }, { count, lastTimestamp, message })
    } catch (error) {
      if (!isNotFound(error)) throw error
      await this.#client.create(coreEvents, event)
    }
  }
}

const reporter = (component: string, host: string | undefined) => ({
  source: host ? { component, host } : { component },
  reportingComponent: component,
  reportingInstance: host ?? '',
})
