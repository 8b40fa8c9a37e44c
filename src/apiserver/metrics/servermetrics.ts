// Everything that the API server measures about itself, in one set that /metrics shows together with what
// other parts of the process have added.
import type { Resource } from '../../api/resource.ts'
import type { Clock } from '../../component/clock.ts'
import { Counter, formatMetrics, Gauge, Histogram, type MetricSet } from '../../component/metrics.ts'
import { processMetrics } from '../../component/processmetrics.ts'
import type { Store } from '../../storage/store.ts'
import type { AdmissionPluginFactory } from '../admission/admission.ts'
import type { Authorizer } from '../filters/authorization.ts'
import type { VersionInfo } from '../nonresource.ts'
import type { Registries } from '../registry/registries.ts'
import type { Filter, Reply } from '../request.ts'
import type { RequestInfo } from '../requestinfo.ts'
import { measuredAuthentication, measuredAuthorizer } from './access.ts'
import { measuredAdmission } from './admission.ts'
import { CacheListMetrics } from './lists.ts'
import { RequestMetrics } from './requests.ts'
import { measuredStore } from './storage.ts'

export interface ServerMetricsOptions {
  readonly clock: Clock
  readonly metrics: MetricSet
  readonly version: VersionInfo
  readonly resources: readonly Resource[]
  /** Asked only once requests come. */
  readonly registries: () => Registries
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, char => `_${char.toLowerCase()}`)

const eventSizeBounds = Array.from({ length: 8 }, (_, power) => 1024 * 2 ** power)

export class ServerMetrics {
  readonly #options: ServerMetricsOptions
  readonly requests: RequestMetrics
  readonly lists: CacheListMetrics
  readonly #watchEvents: Counter<'group' | 'version' | 'resource'>
  readonly #watchEventSizes: Histogram<'group' | 'version' | 'resource'>
  readonly #tlsErrors: Counter

  constructor(options: ServerMetricsOptions) {
    this.#options = options
    const { clock, metrics, registries, version } = options
    const isKnown = (...of: [string, string, string]) => registries().lookup(...of) !== undefined
    const isDeprecated = (...of: [string, string, string]) =>
      registries().lookup(...of)?.resource.deprecation !== undefined
    this.requests = new RequestMetrics({ clock, metrics, isKnown, isDeprecated })
    this.lists = new CacheListMetrics(metrics)
    const labels = ['group', 'version', 'resource'] as const
    this.#watchEvents = metrics.add(
      new Counter({
        name: 'apiserver_watch_events_total',
        help: 'Number of events sent in watches.',
        labels,
      }),
    )
    this.#watchEventSizes = metrics.add(
      new Histogram({
        name: 'apiserver_watch_events_sizes',
        help: 'Watch event size distribution in bytes.',
        labels,
        bounds: eventSizeBounds,
      }),
    )
    this.#tlsErrors = metrics.add(
      new Counter({
        name: 'apiserver_tls_handshake_errors_total',
        help: 'Number of connections dropped because their TLS handshake failed.',
      }),
    )
    this.#tlsErrors.add(0)
    const buildInfo = Object.fromEntries(
      Object.entries(version).map(([name, value]) => [snakeCase(name), String(value)]),
    )
    metrics.add(
      new Gauge({ name: 'kubernetes_build_info', help: 'Which version this is, and of what.' }, () => [
        { labels: buildInfo, value: 1 },
      ]),
    )
    this.#addObjects()
    for (const metric of processMetrics()) metrics.add(metric)
  }

  /** Where a part of the server adds its own. */
  get set(): MetricSet {
    return this.#options.metrics
  }

  #addObjects(): void {
    const { metrics, registries } = this.#options
    const help =
      'Number of objects of a resource that has been asked for, as the server holds them in memory.'
    metrics.add(
      new Gauge({ name: 'apiserver_resource_objects', help }, () =>
        registries()
          .sizes()
          .map(({ resource: { group, resource }, size }) => ({ labels: { group, resource }, value: size })),
      ),
    )
    metrics.add(
      new Gauge({ name: 'apiserver_storage_objects', help: `${help} Before 1.34.` }, () =>
        registries()
          .sizes()
          .map(({ resource: { group, resource }, size }) => ({
            labels: { resource: group === '' ? resource : `${resource}.${group}` },
            value: size,
          })),
      ),
    )
  }

  authentication(filter: Filter): Filter {
    return measuredAuthentication(filter, this.#options)
  }

  authorizer(authorizer: Authorizer): Authorizer {
    return measuredAuthorizer(authorizer, this.#options)
  }

  admission(factories: readonly AdmissionPluginFactory[]): AdmissionPluginFactory[] {
    return measuredAdmission(factories, this.#options)
  }

  store(store: Store): Store {
    return measuredStore(store, this.#options)
  }

  readonly tlsHandshakeFailed = () => this.#tlsErrors.add(1)

  /** Counts what a watch sends: each chunk is one event. */
  readonly watches: Filter = async (request, next) => {
    const reply = await next(request)
    return request.info.verb === 'watch' ? this.#countedWatch(reply, request.info) : reply
  }

  #countedWatch(reply: Reply, { group, version, resource }: RequestInfo): Reply {
    const { body } = reply
    if (typeof body !== 'function') return reply
    const events = this.#watchEvents.of(group, version, resource)
    const sizes = this.#watchEventSizes.of(group, version, resource)
    return {
      ...reply,
      body: stream =>
        body({
          write(chunks) {
            events.add(chunks.length)
            for (const chunk of chunks) sizes.observe(chunk.length)
            stream.write(chunks)
          },
          get pendingBytes() {
            return stream.pendingBytes
          },
          end: () => stream.end(),
          destroy: () => stream.destroy(),
          onClose: callback => stream.onClose(callback),
          onDrain: callback => stream.onDrain(callback),
        }),
    }
  }

  /** The text of /metrics. */
  text(): string {
    return formatMetrics(this.#options.metrics.collect())
  }
}
