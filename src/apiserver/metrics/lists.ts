// Lists that the watch cache answers, with upstream's names (k8s.io/apiserver pkg/storage/cacher/metrics): a
// list that looks at many objects and returns few wants an index, or a narrower selector.
import type { Resource } from '../../api/resource.ts'
import { Counter, type MetricSet } from '../../component/metrics.ts'

const labels = ['group', 'resource', 'index'] as const

export class CacheListMetrics {
  readonly #lists: Counter<'group' | 'resource' | 'index'>
  readonly #fetched: Counter<'group' | 'resource' | 'index'>
  readonly #returned: Counter<'group' | 'resource'>

  constructor(metrics: MetricSet) {
    this.#lists = metrics.add(
      new Counter({
        name: 'apiserver_cache_list_total',
        help: 'Number of lists answered from the watch cache.',
        labels,
      }),
    )
    this.#fetched = metrics.add(
      new Counter({
        name: 'apiserver_cache_list_fetched_objects_total',
        help: 'Number of objects looked at for lists answered from the watch cache.',
        labels,
      }),
    )
    this.#returned = metrics.add(
      new Counter({
        name: 'apiserver_cache_list_returned_objects_total',
        help: 'Number of objects returned by lists answered from the watch cache.',
        labels: ['group', 'resource'],
      }),
    )
  }

  /** For the registry of one resource. */
  readonly of = ({ group, resource }: Resource) => {
    const [lists, fetched] = [this.#lists.of(group, resource, ''), this.#fetched.of(group, resource, '')]
    const returned = this.#returned.of(group, resource)
    return (looked: number, found: number) => {
      lists.add(1)
      fetched.add(looked)
      returned.add(found)
    }
  }
}
