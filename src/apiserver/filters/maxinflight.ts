// How many requests may be in the making at once, reads and writes apart; who comes on top is told to come
// back in a second, except administrators (k8s.io/apiserver pkg/server/filters/maxinflight.go). Long-
// running requests do not count.
import { textReply } from '../reply.ts'
import type { Filter, ServerRequest } from '../request.ts'
import { isLongRunning } from '../requestinfo.ts'

export interface InFlightLimits {
  readonly reading: number
  readonly mutating: number
}

/** Upstream's defaults of --max-requests-inflight and --max-mutating-requests-inflight. */
export const defaultInFlightLimits: InFlightLimits = { reading: 400, mutating: 200 }

const readingVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

const isAdministrator = (request: ServerRequest) => request.user?.groups.includes('system:masters') ?? false

export function maxInFlight(limits: InFlightLimits): Filter {
  const running = { reading: 0, mutating: 0 }
  return async (request, next) => {
    if (isLongRunning(request.info, request.query)) return next(request)
    const kind = readingVerbs.has(request.info.verb) ? 'reading' : 'mutating'
    if (running[kind] >= limits[kind] && !isAdministrator(request)) {
      return textReply(429, 'Too many requests, please try again later.\n', { 'retry-after': '1' })
    }
    running[kind]++
    try {
      return await next(request)
    } finally {
      running[kind]--
    }
  }
}
