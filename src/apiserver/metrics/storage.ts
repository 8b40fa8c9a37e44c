// What the API server asks of its store, counted and timed under upstream's names for etcd (k8s.io/apiserver
// pkg/storage/etcd3/metrics): whatever the store is, they mean the same.
import type { Resource } from '../../api/resource.ts'
import type { Clock } from '../../component/clock.ts'
import { Counter, Histogram, type MetricSet } from '../../component/metrics.ts'
import type { Store } from '../../storage/store.ts'
import { resourcesByPrefix } from '../registry/keys.ts'

const bounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]
const labels = ['operation', 'group', 'resource'] as const

const unknown = { group: '', resource: '' }

export interface MeasuredStoreOptions {
  readonly clock: Clock
  readonly metrics: MetricSet
  readonly resources: readonly Resource[]
}

export function measuredStore(store: Store, { clock, metrics, resources }: MeasuredStoreOptions): Store {
  const subjectOf = resourcesByPrefix(resources)
  const duration = metrics.add(
    new Histogram({
      name: 'etcd_request_duration_seconds',
      help: 'Latency of requests to the store in seconds for each operation and resource.',
      labels,
      bounds,
    }),
  )
  const total = metrics.add(
    new Counter({
      name: 'etcd_requests_total',
      help: 'Requests to the store for each operation and resource.',
      labels,
    }),
  )
  const errors = metrics.add(
    new Counter({
      name: 'etcd_request_errors_total',
      help: 'Requests to the store that failed, for each operation and resource.',
      labels,
    }),
  )
  async function measured<T>(operation: string, key: string, work: () => Promise<T>): Promise<T> {
    const { group, resource } = subjectOf(key) ?? unknown
    const began = clock.monotonic()
    total.add(1, operation, group, resource)
    try {
      return await work()
    } catch (error) {
      errors.add(1, operation, group, resource)
      throw error
    } finally {
      duration.observe((clock.monotonic() - began) / 1000, operation, group, resource)
    }
  }
  return {
    revision: () => store.revision(),
    get: (key, options) => measured('get', key, () => store.get(key, options)),
    list: options => measured('list', options.prefix, () => store.list(options)),
    write: operations => {
      const [first] = operations
      return measured(first?.type ?? 'update', first?.key ?? '', () => store.write(operations))
    },
    watch: options => store.watch(options),
    progress: () => store.progress(),
    compact: revision => store.compact(revision),
    close: () => store.close(),
  }
}
