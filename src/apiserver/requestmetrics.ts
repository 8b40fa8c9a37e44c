// What the API server counts about its requests, with upstream's names and labels (k8s.io/apiserver
// pkg/endpoints/metrics). Requests in process are not among them: they are no load from outside.
import type { Clock } from '../component/clock.ts'
import { Counter, Gauge, Histogram, type Metric } from '../component/metrics.ts'
import type { Filter, ServerRequest } from './request.ts'
import { isLongRunning } from './requestinfo.ts'

/** Upstream's, in seconds. */
const durationBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]

const subject = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const

function scopeOf({ info }: ServerRequest): string {
  if (!info.isResourceRequest) return ''
  if (info.name !== '') return 'resource'
  return info.namespace === '' ? 'cluster' : 'namespace'
}

/** Paths are many; only what they begin with is told apart. */
function subjectOf(request: ServerRequest): string[] {
  const { verb, group, version, resource, subresource, isResourceRequest, path } = request.info
  const scope = scopeOf(request)
  if (isResourceRequest) return [verb.toUpperCase(), group, version, resource, subresource, scope]
  return [verb.toUpperCase(), '', '', '', path.split('/', 2).join('/'), scope]
}

export class RequestMetrics {
  readonly #clock: Clock
  readonly #total = new Counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, group, version, resource, scope and code.',
    labels: [...subject, 'code'],
  })
  readonly #duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Response latency distribution in seconds for each verb, group, version, resource and scope.',
    labels: subject,
    bounds: durationBounds,
  })
  readonly #running = new Map<string, number>()
  #longRunning = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly metrics: readonly Metric[] = [
    this.#total,
    this.#duration,
    new Gauge(
      {
        name: 'apiserver_current_inflight_requests',
        help: 'Number of requests being answered, by kind; those that go on are not among them.',
      },
      () => [...this.#running].map(([kind, value]) => ({ labels: { request_kind: kind }, value })),
    ),
    new Gauge(
      {
        name: 'apiserver_longrunning_requests',
        help: 'Number of requests that go on: watches, followed logs.',
      },
      () => this.#longRunning,
    ),
  ]

  readonly filter: Filter = async (request, next) => {
    if (isLongRunning(request.info, request.query)) return this.#longRun(request, next)
    const kind = request.method === 'GET' || request.method === 'HEAD' ? 'readOnly' : 'mutating'
    this.#change(kind, 1)
    const began = this.#clock.monotonic()
    try {
      const reply = await next(request)
      const labels = subjectOf(request)
      this.#total.add(1, ...labels, String(reply.status))
      this.#duration.observe((this.#clock.monotonic() - began) / 1000, ...labels)
      return reply
    } finally {
      this.#change(kind, -1)
    }
  }

  /** Counted when it has begun; how long it goes on says nothing. */
  async #longRun(request: ServerRequest, next: Parameters<Filter>[1]) {
    const reply = await next(request)
    this.#total.add(1, ...subjectOf(request), String(reply.status))
    const { body } = reply
    if (typeof body !== 'function') return reply
    const counted: typeof body = stream => {
      this.#longRunning++
      stream.onClose(() => {
        this.#longRunning--
      })
      body(stream)
    }
    return { ...reply, body: counted }
  }

  #change(kind: string, by: number): void {
    this.#running.set(kind, (this.#running.get(kind) ?? 0) + by)
  }
}
