// A request that is not long-running is answered within a minute, or sooner when it says so with
// `?timeout=` (k8s.io/apiserver pkg/server/filters, WithTimeoutForNonLongRunningRequests and
// WithRequestDeadline).
import { badRequest, StatusError } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import type { Filter, Reply, ServerRequest } from '../request.ts'
import { isLongRunning } from '../requestinfo.ts'

export const requestTimeoutMs = 60_000

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** A duration as Go writes it, such as `1m30s`; undefined when it is none. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(text)) {
    return undefined
  }
  let total = 0
  for (const [, amount = '', unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * unitMs[unit]!
  }
  return text.startsWith('-') ? -total : total
}

function timeoutOf(request: ServerRequest): number {
  const text = request.query.get('timeout')
  if (!text) return requestTimeoutMs
  const asked = parseDurationMs(text)
  if (asked === undefined) {
    throw badRequest(
      `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}`,
    )
  }
  return asked > 0 ? Math.min(asked, requestTimeoutMs) : requestTimeoutMs
}

const timedOut = () =>
  new StatusError({
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
    details: {},
  })

export function timeout(clock: Clock): Filter {
  return (request, next) => {
    if (isLongRunning(request.info, request.query)) return next(request)
    return new Promise<Reply>((resolve, reject) => {
      const timer = clock.after(timeoutOf(request), () => reject(timedOut()))
      next(request).then(
        reply => {
          timer.cancel()
          resolve(reply)
        },
        error => {
          timer.cancel()
          reject(error)
        },
      )
    })
  }
}
