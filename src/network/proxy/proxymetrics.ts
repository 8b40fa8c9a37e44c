// What the Service proxy tells about itself, with upstream's names (pkg/proxy/metrics).
import type { Clock } from '../../component/clock.ts'
import { Counter, Gauge, Histogram, type MetricSet } from '../../component/metrics.ts'

const bounds = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power)

export class ProxyMetrics {
  readonly #clock: Clock
  readonly #all: Histogram
  readonly #byKind: Readonly<Record<'full' | 'partial', Histogram>>
  readonly #failures: Counter
  #lastSeconds = 0

  constructor(metrics: MetricSet, clock: Clock) {
    this.#clock = clock
    const histogram = (name: string, help: string) => metrics.add(new Histogram({ name, help, bounds }))
    this.#all = histogram(
      'kubeproxy_sync_proxy_rules_duration_seconds',
      'From the first change until the kernel had it, in seconds.',
    )
    this.#byKind = {
      full: histogram('kubeproxy_sync_full_proxy_rules_duration_seconds', 'Likewise, of the whole table.'),
      partial: histogram('kubeproxy_sync_partial_proxy_rules_duration_seconds', 'Likewise, of increments.'),
    }
    this.#failures = metrics.add(
      new Counter({
        name: 'kubeproxy_sync_proxy_rules_nftables_sync_failures_total',
        help: 'Number of times that nftables refused the rules.',
      }),
    )
    this.#failures.add(0)
    const help = 'The last time that the rules were brought in line, in seconds since the epoch.'
    const name = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds'
    metrics.add(new Gauge({ name, help }, () => this.#lastSeconds))
  }

  synced(kind: 'full' | 'partial', durationMs: number): void {
    this.#all.observe(durationMs / 1000)
    this.#byKind[kind].observe(durationMs / 1000)
    this.#lastSeconds = this.#clock.now() / 1000
  }

  failed(): void {
    this.#failures.add(1)
  }
}
