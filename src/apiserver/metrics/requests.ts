// What the API server counts about its requests, with upstream's names and labels (k8s.io/apiserver
// pkg/endpoints/metrics). Requests in process are not among them: they are no load from outside.
import type { Clock } from '../../component/clock.ts'
import { Counter, Gauge, Histogram, type MetricSet } from '../../component/metrics.ts'
import type { Filter, Reply, ServerRequest } from '../request.ts'
import { isLongRunning } from '../requestinfo.ts'
import { type KnownResource, subjectLabels, subjectOf } from './subject.ts'

/** Upstream's, in seconds. */
const durationBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]
const sliBounds = durationBounds.slice(2)
const sizeBounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
const withoutDryRun = subjectLabels.filter(label => label !== 'dry_run')

/** The series of one subject, found once. */
interface SubjectSeries {
  readonly labels: readonly string[]
  readonly codes: Map<number, { add(amount: number): void }>
  readonly duration: { observe(value: number): void }
  readonly sli: { observe(value: number): void }
  /** Of answers to reads. */
  readonly size: { observe(value: number): void } | undefined
  running: number
}

function sizeOf({ body }: Reply): number {
  if (typeof body === 'function') return 0
  if (Buffer.isBuffer(body)) return body.length
  let size = 0
  for (const part of body) size += part.length
  return size
}

export interface RequestMetricsOptions {
  readonly clock: Clock
  readonly metrics: MetricSet
  readonly isKnown: KnownResource
  /** Is the resource on its way out? */
  readonly isDeprecated?: KnownResource
}

export class RequestMetrics {
  readonly #clock: Clock
  readonly #isKnown: KnownResource
  readonly #total = new Counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope and code.',
    labels: [...subjectLabels, 'code'],
  })
  readonly #duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource and scope.',
    labels: subjectLabels,
    bounds: durationBounds,
  })
  readonly #sli = new Histogram({
    name: 'apiserver_request_sli_duration_seconds',
    help: 'Response latency distribution in seconds, without what webhooks took.',
    labels: withoutDryRun,
    bounds: sliBounds,
  })
  readonly #size = new Histogram({
    name: 'apiserver_response_sizes',
    help: 'Response size distribution in bytes of reads, before compression.',
    labels: withoutDryRun,
    bounds: sizeBounds,
  })
  readonly #terminations = new Counter({
    name: 'apiserver_request_terminations_total',
    help: 'Number of requests that were ended in self-defense: too many of them, or they took too long.',
    labels: [...withoutDryRun, 'code'],
  })
  readonly #subjects = new Map<string, SubjectSeries>()
  readonly #running = new Map<string, number>()
  /** By what they are about, without the verb. */
  readonly #deprecated = new Map<string, Readonly<Record<string, string>>>()
  readonly #isDeprecated: KnownResource

  constructor({ clock, metrics, isKnown, isDeprecated = () => false }: RequestMetricsOptions) {
    this.#isDeprecated = isDeprecated
    this.#clock = clock
    this.#isKnown = isKnown
    for (const metric of [this.#total, this.#duration, this.#sli, this.#size, this.#terminations]) {
      metrics.add(metric)
    }
    metrics.add(
      new Gauge(
        {
          name: 'apiserver_current_inflight_requests',
          help: 'Number of requests being answered, by kind; those that go on are not among them.',
        },
        () => [...this.#running].map(([kind, value]) => ({ labels: { request_kind: kind }, value })),
      ),
    )
    const name = 'apiserver_requested_deprecated_apis'
    const help = 'Deprecated APIs that have been requested, by group, version, resource and subresource.'
    metrics.add(
      new Gauge({ name, help }, () => [...this.#deprecated.values()].map(labels => ({ labels, value: 1 }))),
    )
    metrics.add(
      new Gauge(
        {
          name: 'apiserver_longrunning_requests',
          help: 'Number of requests that go on: watches, followed logs, streams.',
        },
        () => this.#longRunning(),
      ),
    )
  }

  #longRunning() {
    return [...this.#subjects.values()]
      .filter(({ running }) => running > 0)
      .map(({ labels, running }) => ({
        labels: Object.fromEntries(withoutDryRun.map((label, index) => [label, labels[index]!])),
        value: running,
      }))
  }

  #seriesOf(request: ServerRequest): SubjectSeries {
    const subject = subjectOf(request, this.#isKnown)
    const key = subject.join('\u0000')
    const known = this.#subjects.get(key)
    if (known) return known
    const labels = subject.toSpliced(1, 1)
    const made: SubjectSeries = {
      labels,
      codes: new Map(),
      duration: this.#duration.of(...subject),
      sli: this.#sli.of(...labels),
      size: subject[0] === 'GET' || subject[0] === 'LIST' ? this.#size.of(...labels) : undefined,
      running: 0,
    }
    this.#subjects.set(key, made)
    const [, group = '', version = '', resource = '', subresource = ''] = labels
    if (this.#isDeprecated(group, version, resource)) {
      const about = { group, version, resource, subresource, removed_release: '' }
      this.#deprecated.set([group, version, resource, subresource].join('/'), about)
    }
    return made
  }

  #count(request: ServerRequest, status: number): SubjectSeries {
    const series = this.#seriesOf(request)
    let code = series.codes.get(status)
    if (!code) {
      code = this.#total.of(...subjectOf(request, this.#isKnown), String(status))
      series.codes.set(status, code)
    }
    code.add(1)
    // An eviction that a budget does not allow is no self-defense.
    const isTerminated = status === 504 || (status === 429 && request.info.subresource !== 'eviction')
    if (isTerminated) this.#terminations.add(1, ...series.labels, String(status))
    return series
  }

  readonly filter: Filter = async (request, next) => {
    if (isLongRunning(request.info, request.query)) return this.#longRun(request, next)
    const kind = request.method === 'GET' || request.method === 'HEAD' ? 'readOnly' : 'mutating'
    this.#change(kind, 1)
    const began = this.#clock.monotonic()
    try {
      const reply = await next(request)
      const series = this.#count(request, reply.status)
      const seconds = (this.#clock.monotonic() - began) / 1000
      series.duration.observe(seconds)
      series.sli.observe(seconds)
      series.size?.observe(sizeOf(reply))
      return reply
    } finally {
      this.#change(kind, -1)
    }
  }

  /** Counted when it has begun; how long it goes on says nothing. */
  async #longRun(request: ServerRequest, next: Parameters<Filter>[1]): Promise<Reply> {
    const reply = await next(request)
    const series = this.#count(request, reply.status)
    const { body, upgrade } = reply
    const ended = () => {
      series.running--
    }
    if (upgrade) {
      return {
        ...reply,
        upgrade(socket, head) {
          series.running++
          socket.once('close', ended)
          upgrade(socket, head)
        },
      }
    }
    if (typeof body !== 'function') return reply
    return {
      ...reply,
      body(stream) {
        series.running++
        stream.onClose(ended)
        body(stream)
      },
    }
  }

  #change(kind: string, by: number): void {
    this.#running.set(kind, (this.#running.get(kind) ?? 0) + by)
  }
}
