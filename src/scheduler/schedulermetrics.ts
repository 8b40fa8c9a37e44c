// What the scheduler tells about itself, with upstream's names (pkg/scheduler/metrics).
import { Counter, Gauge, Histogram, type MetricSet } from '../component/metrics.ts'
import type { QueuedPod, SchedulingQueue } from './queue.ts'

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error'

const profile = 'default-scheduler'
/** Seconds: from 1 ms, doubling. */
const attemptBounds = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power)
const podBounds = Array.from({ length: 20 }, (_, power) => 0.01 * 2 ** power)

const createShared = (metrics: MetricSet) => ({
  attempts: metrics.add(
    new Counter({
      name: 'scheduler_schedule_attempts_total',
      help: 'Number of attempts to schedule Pods, by the result.',
      labels: ['result', 'profile'],
    }),
  ),
  attemptDuration: metrics.add(
    new Histogram({
      name: 'scheduler_scheduling_attempt_duration_seconds',
      help: 'Scheduling attempt latency in seconds, with the binding.',
      labels: ['result', 'profile'],
      bounds: attemptBounds,
    }),
  ),
  podDuration: metrics.add(
    new Histogram({
      name: 'scheduler_pod_scheduling_sli_duration_seconds',
      help: 'From when a Pod came to the scheduler until it was bound, in seconds, by the number of attempts.',
      labels: ['attempts'],
      bounds: podBounds,
    }),
  ),
  podAttempts: metrics.add(
    new Histogram({
      name: 'scheduler_pod_scheduling_attempts',
      help: 'Number of attempts until a Pod was bound.',
      bounds: [1, 2, 4, 8, 16],
    }),
  ),
  preemptions: metrics.add(
    new Counter({
      name: 'scheduler_preemption_attempts_total',
      help: 'Number of times that Pods were preempted for another.',
    }),
  ),
  victims: metrics.add(
    new Histogram({
      name: 'scheduler_preemption_victims',
      help: 'Number of Pods that a preemption ended.',
      bounds: [1, 2, 4, 8, 16, 32, 64],
    }),
  ),
})

/** Beyond these numbers of attempts there is one series for all, as upstream. */
const attemptsLabel = (attempts: number) => (attempts >= 16 ? '16+' : String(attempts))

export class SchedulerMetrics {
  readonly #metrics: MetricSet
  readonly #pending: Gauge
  readonly #shared: ReturnType<typeof createShared>

  constructor(metrics: MetricSet, queue: SchedulingQueue) {
    this.#metrics = metrics
    this.#shared = metrics.once('scheduler', () => createShared(metrics))
    const help =
      'Number of Pods that wait: to be tried now, for the end of a back-off, for the cluster to change.'
    this.#pending = new Gauge({ name: 'scheduler_pending_pods', help }, () =>
      Object.entries(queue.counts).map(([name, value]) => ({ labels: { queue: name }, value })),
    )
    metrics.add(this.#pending)
  }

  attempted(result: AttemptResult, seconds: number): void {
    this.#shared.attempts.add(1, result, profile)
    this.#shared.attemptDuration.observe(seconds, result, profile)
  }

  scheduled({ attempts }: QueuedPod, seconds: number): void {
    this.#shared.podAttempts.observe(attempts)
    this.#shared.podDuration.observe(seconds, attemptsLabel(attempts))
  }

  preempted(victims: number): void {
    this.#shared.preemptions.add(1)
    this.#shared.victims.observe(victims)
  }

  close(): void {
    this.#metrics.delete(this.#pending)
  }
}
