// What becomes of each request, for the log: all of them for who wants details, slow ones for everybody
// (upstream logs what takes longer than half a second, k8s.io/utils/trace). Bodies and queries are not
// logged: there may be secrets in them.
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import type { Filter } from '../request.ts'
import { isLongRunning } from '../requestinfo.ts'

export const slowRequestMs = 500

export function requestLog(log: Logger, clock: Clock): Filter {
  return async (request, next) => {
    const began = clock.monotonic()
    const reply = await next(request)
    const durationMs = Math.round((clock.monotonic() - began) * 10) / 10
    const { method, path, id, user } = request
    const fields = { method, path, status: reply.status, durationMs, user: user?.name ?? '', id }
    const isSlow = durationMs >= slowRequestMs && !isLongRunning(request.info, request.query)
    if (isSlow) log.info('a request took long', fields)
    else log.debug('answered', fields)
    return reply
  }
}
