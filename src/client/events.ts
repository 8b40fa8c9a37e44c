// Records Events about objects without ever keeping the caller waiting: they are written behind its back,
// a few at a time, from a queue of bounded length. Fields and names are those of client-go's tools/record.
import type { CoreV1Event, ObjectReference } from '../api/generated/types.ts'
import { formatMicroTime, formatTime } from '../api/meta/timestamps.ts'
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
  event(subject: EventSubject, type: EventType, text: EventText): void
}

export interface EventText {
  readonly reason: string
  readonly message: string
  /** What the reporter was about to do: `Binding`. Only recorders of the newer form tell it. */
  readonly action?: string
  /** Another object that has to do with it. */
  readonly related?: EventSubject
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
      event: (subject, type, { reason, message }) => {
        if (this.#closed) return
        const lastTimestamp = formatTime(this.#clock.now())
        const times = { count: 1, firstTimestamp: lastTimestamp, lastTimestamp }
        const text = { reason, message, type }
        this.#record({ ...this.#describe(subject), ...text, ...times, ...reporter(component, host) })
      },
    }
  }

  /**
   * Records in the form of events.k8s.io (KEP-383), as kube-scheduler does: with an action, a time in
   * microseconds, and a series in place of a count. `instance` is the one of several that reports.
   */
  seriesRecorder(component: string, instance: string): EventRecorder {
    return {
      event: (subject, type, { reason, message, action = reason, related }) => {
        if (this.#closed) return
        this.#record({
          ...this.#describe(subject),
          ...{ eventTime: formatMicroTime(this.#clock.now()), action, reason, message, type },
          ...(related ? { related: referenceTo(related) } : {}),
          reportingComponent: component,
          reportingInstance: instance,
        })
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

  #describe(subject: EventSubject): CoreV1Event {
    const { namespace, name = '' } = subject.object.metadata
    this.#sequence = (this.#sequence + 1) % 1_000_000
    const nanoseconds = BigInt(this.#clock.now()) * 1_000_000n + BigInt(this.#sequence)
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${nanoseconds.toString(16)}`, namespace: namespace || 'default' },
      involvedObject: referenceTo(subject),
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
    const { series, count, lastTimestamp, message } = event
    const change = series ? { series, message } : { count, lastTimestamp, message }
    try {
      await this.#client.patch(coreEvents, { namespace, name }, change)
    } catch (error) {
      if (!isNotFound(error)) throw error
      await this.#client.create(coreEvents, event)
    }
  }
}

function referenceTo({ resource, object, fieldPath }: EventSubject): ObjectReference {
  const { namespace, name = '', uid, resourceVersion } = object.metadata
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...(namespace ? { namespace } : {}),
    name,
    uid,
    resourceVersion,
    ...(fieldPath ? { fieldPath } : {}),
  }
}

const reporter = (component: string, host: string | undefined) => ({
  source: host ? { component, host } : { component },
  reportingComponent: component,
  reportingInstance: host ?? '',
})
