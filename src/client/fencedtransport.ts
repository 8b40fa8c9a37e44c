// A leader's way to the server. A process that was held up, stopped or swapped out, may believe that it leads
// when its lease has long run out and another leads: what it would write then is refused here, by its own
// clock.
import { StatusError } from '../api/status.ts'
import type { Transport } from '../api/transport.ts'

const noLongerLeading = () =>
  new StatusError({
    code: 503,
    reason: 'ServiceUnavailable',
    message: 'this process cannot write: its lease has run out, and another may lead',
  })

/** Reads and watches pass; writes as long as `mayWrite` says so. */
export const fencedTransport = (transport: Transport, mayWrite: () => boolean): Transport => ({
  request: request =>
    request.method === 'GET' || mayWrite() ? transport.request(request) : Promise.reject(noLongerLeading()),
  watch: (request, handlers) => transport.watch(request, handlers),
})
