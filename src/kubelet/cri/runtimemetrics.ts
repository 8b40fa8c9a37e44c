// What the kubelet asks of its container runtime, with upstream's names (pkg/kubelet/metrics).
import type { Clock } from '../../component/clock.ts'
import { Counter, Histogram, type MetricSet } from '../../component/metrics.ts'

const labels = ['operation_type'] as const
const bounds = Array.from({ length: 14 }, (_, power) => Number((0.005 * 2.5 ** power).toPrecision(6)))

/** `/runtime.v1.RuntimeService/RunPodSandbox` -> `run_podsandbox`. */
export function operationOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name
    .replace('PodSandbox', 'Podsandbox')
    .replace(/(?!^)[A-Z]/g, char => `_${char}`)
    .toLowerCase()
}

export class RuntimeMetrics {
  readonly #clock: Clock
  readonly #total: Counter<'operation_type'>
  readonly #errors: Counter<'operation_type'>
  readonly #duration: Histogram<'operation_type'>

  constructor(metrics: MetricSet, clock: Clock) {
    this.#clock = clock
    this.#total = metrics.add(
      new Counter({
        name: 'kubelet_runtime_operations_total',
        help: 'Cumulative number of runtime operations by operation type.',
        labels,
      }),
    )
    this.#errors = metrics.add(
      new Counter({
        name: 'kubelet_runtime_operations_errors_total',
        help: 'Cumulative number of runtime operation errors by operation type.',
        labels,
      }),
    )
    this.#duration = metrics.add(
      new Histogram({
        name: 'kubelet_runtime_operations_duration_seconds',
        help: 'Duration in seconds of runtime operations by operation type.',
        labels,
        bounds,
      }),
    )
  }

  async measure<T>(path: string, call: () => Promise<T>): Promise<T> {
    const operation = operationOf(path)
    const began = this.#clock.monotonic()
    this.#total.add(1, operation)
    try {
      return await call()
    } catch (error) {
      this.#errors.add(1, operation)
      throw error
    } finally {
      this.#duration.observe((this.#clock.monotonic() - began) / 1000, operation)
    }
  }
}
