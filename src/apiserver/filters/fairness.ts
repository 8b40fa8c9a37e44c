// API Priority and Fairness (KEP-1040): a request is served at once while its priority level has room,
// waits its turn among the flows of the level, or is told to come back. Long-running requests are not
// counted, neither are those of the process's own parts, which do not come this way.
import type { MetricSet } from '../../component/metrics.ts'
import { FlowMetrics } from '../fairness/flowmetrics.ts'
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
  const measured = new FlowMetrics(metrics, flows, options.clock)
  return async (request, next) => {
    if (isLongRunning(request.info, request.query)) return next(request)
    const { level, levelName, schemaName, uids, key } = await flows.of(request.user ?? nobody, request.info)
    request.replyHeaders = {
      'x-kubernetes-pf-flowschema-uid': uids[0],
      'x-kubernetes-pf-prioritylevel-uid': uids[1],
    }
    const flow = measured.of(levelName, schemaName)
    const came = measured.now()
    const refusal = await level.enter(key, () => request.signal)
    if (refusal) {
      flow.refuse(refusal, came)
      const text = 'Too many requests, please try again later.\n'
      return textReply(429, text, { 'retry-after': '1' })
    }
    const began = flow.begin(came)
    try {
      return await next(request)
    } finally {
      level.leave()
      flow.end(began)
    }
  }
}
