// What keeps Events few: a repeated one is counted up, many similar ones are combined, and an object that
// causes too many is cut off. The rules and numbers are those of client-go's tools/record
// (events_cache.go).
import type { CoreV1Event } from '../api/generated/types.ts'

/**
 * So many objects, kinds of event and messages are remembered; the least recently used are forgotten
 * first.
 */
const cacheSize = 4096
const similarEvents = 10
const similarWithinMs = 600_000
const burst = 25
const refillPerMs = 1 / 300_000

export type CorrelatedEvent =
  | { readonly type: 'create'; readonly event: CoreV1Event }
  /** The event exists: raise its count. */
  | { readonly type: 'count'; readonly event: CoreV1Event; readonly created: CoreV1Event }
  | { readonly type: 'dropped' }

class RecentlyUsed<V> {
  readonly #entries = new Map<string, V>()

  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= cacheSize) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      break
    }
  }
}

interface Tokens {
  left: number
  atMs: number
}

interface Similar {
  readonly messages: Set<string>
  atMs: number
}

function objectKey({ source, reportingComponent, reportingInstance, involvedObject }: CoreV1Event): string {
  const { kind, namespace, name, uid, apiVersion } = involvedObject
  const reporter = [source?.component ?? reportingComponent, source?.host ?? reportingInstance]
  return [...reporter, kind, namespace, name, uid, apiVersion].join('\n')
}

/** An Event with a time in microseconds is counted by a series, which begins with the second one. */
const repetition = (created: CoreV1Event, { eventTime }: CoreV1Event): Partial<CoreV1Event> =>
  eventTime
    ? {
        eventTime: created.eventTime,
        series: { count: (created.series?.count ?? 1) + 1, lastObservedTime: eventTime },
      }
    : { firstTimestamp: created.firstTimestamp, count: (created.count ?? 1) + 1 }

const similarKey = (event: CoreV1Event) =>
  [objectKey(event), event.involvedObject.fieldPath, event.type, event.reason].join('\n')

export class EventCorrelator {
  readonly #tokens = new RecentlyUsed<Tokens>()
  readonly #similar = new RecentlyUsed<Similar>()
  readonly #known = new RecentlyUsed<CoreV1Event>()

  /** Decides what becomes of an event that happens at `nowMs`. */
  correlate(event: CoreV1Event, nowMs: number): CorrelatedEvent {
    if (!this.#mayPass(event, nowMs)) return { type: 'dropped' }
    const { key, combined } = this.#combine(event, nowMs)
    const created = this.#known.get(key)
    if (!created) {
      this.#known.set(key, combined)
      return { type: 'create', event: combined }
    }
    const counted = { ...combined, metadata: created.metadata, ...repetition(created, combined) }
    this.#known.set(key, counted)
    return { type: 'count', event: counted, created }
  }

  #mayPass(event: CoreV1Event, nowMs: number): boolean {
    const key = objectKey(event)
    const tokens = this.#tokens.get(key) ?? { left: burst, atMs: nowMs }
    tokens.left = Math.min(burst, tokens.left + (nowMs - tokens.atMs) * refillPerMs)
    tokens.atMs = nowMs
    this.#tokens.set(key, tokens)
    if (tokens.left < 1) return false
    tokens.left -= 1
    return true
  }

  #combine(event: CoreV1Event, nowMs: number): { key: string; combined: CoreV1Event } {
    const key = similarKey(event)
    let similar = this.#similar.get(key)
    if (!similar || nowMs - similar.atMs > similarWithinMs) {
      similar = { messages: new Set(), atMs: nowMs }
      this.#similar.set(key, similar)
    }
    similar.messages.add(event.message ?? '')
    similar.atMs = nowMs
    if (similar.messages.size < similarEvents) return { key: `${key}\n${event.message}`, combined: event }
    for (const first of similar.messages) {
      similar.messages.delete(first)
      break
    }
    return { key, combined: { ...event, message: `(combined from similar events): ${event.message}` } }
  }
}
