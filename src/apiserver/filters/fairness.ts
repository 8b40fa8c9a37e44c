// API Priority and Fairness (KEP-1040): a request is served at once while its priority level has room,
// waits its turn among the flows of the level, or is told to come back. Long-running requests are not
// counted, neither are those of the process's own parts, which do not come this way.
import { Counter, Gauge, type MetricSet } from '../../component/metrics.ts'
import { Flows, type FlowsOptions } from '../fairness/flows.ts'
import { textReply } from '../reply.ts'
import type { Filter } from '../request.ts'
import { isLongRunning } from '../requestinfo.ts'

export interface FairnessOptions extends Omit<FlowsOptions, 'waitMs'> {
  readonly metrics: MetricSet
}

/** Upstream's: a quarter of the time that a request has. */
const longestWaitMs = 15_000

const nobody = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

export function fairness({ metrics, ...options }: FairnessOptions): Filter {
  const flows = new Flows({ ...options, waitMs: longestWaitMs })
  const labels = ['priority_level', 'flow_schema'] as const
  const prefix = 'apiserver_flowcontrol_'
  const dispatched = metrics.add(
    new Counter({
      name: `${prefix}dispatched_requests_total`,
      help: 'Number of requests that were served, by priority level and flow schema.',
      labels,
    }),
  )
  const rejected = metrics.add(
    new Counter({
      name: `${prefix}rejected_requests_total`,
      help: 'Number of requests that were refused, by priority level, flow schema and reason.',
      labels: [...labels, 'reason'],
    }),
  )
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
  return async (request, next) => {
    if (isLongRunning(request.info, request.query)) return next(request)
    const { level, levelName, schemaName, uids, key } = await flows.of(request.user ?? nobody, request.info)
    request.replyHeaders = {
      'x-kubernetes-pf-flowschema-uid': uids[0],
      'x-kubernetes-pf-prioritylevel-uid': uids[1],
    }
    const refusal = await level.enter(key, () => request.signal)
    if (refusal) {
      rejected.add(1, levelName, schemaName, refusal)
      const text = 'Too many requests, please try again later.\n'
      return textReply(429, text, { 'retry-after': '1' })
    }
    dispatched.add(1, levelName, schemaName)
    try {
      return await next(request)
    } finally {
      level.leave()
    }
  }
}

interface LevelNumbers {
  readonly executing: number
  readonly waiting: number
  readonly seats: number
}
