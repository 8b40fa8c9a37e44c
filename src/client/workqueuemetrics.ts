// What work queues tell about themselves, with client-go's names (k8s.io/component-base
// metrics/prometheus/workqueue). All queues of a process share the families; one is told from another by
// its name.
import type { Clock } from '../component/clock.ts'
import { Counter, Gauge, Histogram, type MetricSet } from '../component/metrics.ts'
import type { QueueMeter } from './workqueue.ts'

/** Seconds: from 10 ns, tenfold each. */
const bounds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10]
const label = { labels: ['name'] } as const

class WorkQueueMetrics {
  readonly #queues = new Map<string, Meter>()
  readonly adds: Counter<'name'>
  readonly retries: Counter<'name'>
  readonly queued: Histogram<'name'>
  readonly worked: Histogram<'name'>

  constructor(metrics: MetricSet, clock: Clock) {
    const add = (name: string, help: string) => metrics.add(new Counter({ name, help, ...label }))
    const observe = (name: string, help: string) =>
      metrics.add(new Histogram({ name, help, bounds, ...label }))
    this.adds = add('workqueue_adds_total', 'Total number of adds handled by the work queue.')
    this.retries = add('workqueue_retries_total', 'Total number of retries handled by the work queue.')
    this.queued = observe(
      'workqueue_queue_duration_seconds',
      'How long in seconds a key stays in the work queue before it is taken.',
    )
    this.worked = observe(
      'workqueue_work_duration_seconds',
      'How long in seconds the work on a key of the work queue takes.',
    )
    const seconds = (began: number) => (clock.monotonic() - began) / 1000
    for (const { name, help, read } of [
      {
        name: 'workqueue_depth',
        help: 'Current depth of the work queue.',
        read: (queue: Meter) => queue.waiting.size,
      },
      {
        name: 'workqueue_unfinished_work_seconds',
        help: 'How many seconds of work are in progress that the work duration does not know of yet.',
        read: ({ working }: Meter) => [...working.values()].reduce((sum, began) => sum + seconds(began), 0),
      },
      {
        name: 'workqueue_longest_running_processor_seconds',
        help: 'How many seconds the longest running work has been going on.',
        read: ({ working }: Meter) => Math.max(0, ...[...working.values()].map(seconds)),
      },
    ]) {
      const samples = () =>
        [...this.#queues].map(([queue, meter]) => ({ labels: { name: queue }, value: read(meter) }))
      metrics.add(new Gauge({ name, help }, samples))
    }
  }

  open(name: string, clock: Clock): Meter {
    const meter = new Meter(name, { metrics: this, clock, onClose: () => this.#queues.delete(name) })
    this.#queues.set(name, meter)
    return meter
  }
}

interface MeterParts {
  readonly metrics: WorkQueueMetrics
  readonly clock: Clock
  readonly onClose: () => void
}

class Meter implements QueueMeter {
  /** Since when. */
  readonly waiting = new Map<string, number>()
  readonly working = new Map<string, number>()
  readonly #clock: Clock
  readonly #onClose: () => void
  readonly #adds: { add(amount: number): void }
  readonly #retries: { add(amount: number): void }
  readonly #queued: { observe(value: number): void }
  readonly #worked: { observe(value: number): void }

  constructor(name: string, { metrics, clock, onClose }: MeterParts) {
    this.#clock = clock
    this.#onClose = onClose
    this.#adds = metrics.adds.of(name)
    this.#retries = metrics.retries.of(name)
    this.#queued = metrics.queued.of(name)
    this.#worked = metrics.worked.of(name)
  }

  added(key: string): void {
    this.#adds.add(1)
    this.waiting.set(key, this.#clock.monotonic())
  }

  retried(): void {
    this.#retries.add(1)
  }

  taken(key: string): void {
    const now = this.#clock.monotonic()
    this.#queued.observe((now - (this.waiting.get(key) ?? now)) / 1000)
    this.waiting.delete(key)
    this.working.set(key, now)
  }

  done(key: string): void {
    const began = this.working.get(key)
    if (began === undefined) return
    this.#worked.observe((this.#clock.monotonic() - began) / 1000)
    this.working.delete(key)
  }

  closed(): void {
    this.waiting.clear()
    this.#onClose()
  }
}

/** As upstream names its queues: `endpoint_slice` for `endpoint-slice-controller`. */
const queueName = (name: string) => name.replace(/-controller$/, '').replaceAll('-', '_')

/** For the queue of this controller; undefined where nobody measures. */
export function queueMeter(
  metrics: MetricSet | undefined,
  name: string,
  clock: Clock,
): QueueMeter | undefined {
  return metrics?.once('workqueue', () => new WorkQueueMetrics(metrics, clock)).open(queueName(name), clock)
}
