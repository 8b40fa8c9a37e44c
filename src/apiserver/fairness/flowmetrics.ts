// What priority and fairness counts, with upstream's names (k8s.io/apiserver pkg/util/flowcontrol/metrics).
import type { Clock } from '../../component/clock.ts'
import { Counter, Gauge, Histogram, type MetricSet } from '../../component/metrics.ts'
import type { Flows } from './flows.ts'

const prefix = 'apiserver_flowcontrol_'
const labels = ['priority_level', 'flow_schema'] as const
/** Upstream's, in seconds. */
const bounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]

interface LevelNumbers {
  readonly executing: number
  readonly waiting: number
  readonly seats: number
}

/** The series of one flow schema, found once; times are the clock's, in milliseconds. */
interface FlowSeries {
  refuse(reason: string, cameMs: number): void
  /** Returns when the request has begun to be served. */
  begin(cameMs: number): number
  end(beganMs: number): void
}

export class FlowMetrics {
  readonly #clock: Clock
  readonly #known = new Map<string, FlowSeries>()
  readonly #dispatched = new Counter({
    name: `${prefix}dispatched_requests_total`,
    help: 'Number of requests that were served, by priority level and flow schema.',
    labels,
  })
  readonly #rejected = new Counter({
    name: `${prefix}rejected_requests_total`,
    help: 'Number of requests that were refused, by priority level, flow schema and reason.',
    labels: [...labels, 'reason'],
  })
  readonly #waits = new Histogram({
    name: `${prefix}request_wait_duration_seconds`,
    help: 'How long requests waited for their turn, and whether they were served then.',
    labels: [...labels, 'execute'],
    bounds,
  })
  readonly #executions = new Histogram({
    name: `${prefix}request_execution_seconds`,
    help: 'How long requests took once it was their turn.',
    labels: [...labels, 'type'],
    bounds,
  })

  constructor(metrics: MetricSet, flows: Flows, clock: Clock) {
    this.#clock = clock
    for (const metric of [this.#dispatched, this.#rejected, this.#waits, this.#executions])
      metrics.add(metric)
    const ofLevels = (name: string, help: string, read: (level: LevelNumbers) => number) =>
      metrics.add(
        new Gauge({ name: prefix + name, help }, () =>
          [...flows.levels]
            .filter(([, level]) => Number.isFinite(read(level)))
            .map(([priority_level, level]) => ({ labels: { priority_level }, value: read(level) })),
        ),
      )
    ofLevels('current_executing_requests', 'Requests that are being served.', level => level.executing)
    ofLevels('current_inqueue_requests', 'Requests that wait for a seat.', level => level.waiting)
    ofLevels('nominal_limit_seats', 'How many requests a level serves at a time.', level => level.seats)
  }

  now(): number {
    return this.#clock.monotonic()
  }

  of(levelName: string, schemaName: string): FlowSeries {
    const key = `${levelName}\0${schemaName}`
    const known = this.#known.get(key)
    if (known) return known
    const names = [levelName, schemaName] as const
    const dispatched = this.#dispatched.of(...names)
    const served = this.#waits.of(...names, 'true')
    const execution = this.#executions.of(...names, 'regular')
    const secondsSince = (ms: number) => (this.now() - ms) / 1000
    const made: FlowSeries = {
      refuse: (reason, cameMs) => {
        this.#rejected.add(1, ...names, reason)
        this.#waits.observe(secondsSince(cameMs), ...names, 'false')
      },
      begin: cameMs => {
        dispatched.add(1)
        served.observe(secondsSince(cameMs))
        return this.now()
      },
      end: beganMs => execution.observe(secondsSince(beganMs)),
    }
    this.#known.set(key, made)
    return made
  }
}
