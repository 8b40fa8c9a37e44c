// The outermost filter: an error of any kind becomes an answer. A StatusError with words of its own is
// shown to the client as it is; anything else is a fault of the server: the client gets a plain sentence and
// the request's id, the log gets the cause.
import { badRequest, internal, StatusError } from '../../api/status.ts'
import type { Logger } from '../../component/log.ts'
import { errorReply } from '../reply.ts'
import type { Filter, ServerRequest } from '../request.ts'

/** Of an error that has no words for the client. */
const { message: internalText } = internal(undefined)

/** Stacks overflow only over what clients send: it nests, or has more errors than a call has arguments. */
const isOverflow = (error: unknown) =>
  error instanceof RangeError && error.message === 'Maximum call stack size exceeded'

function statusOf(request: ServerRequest, error: unknown): StatusError {
  if (isOverflow(error)) return badRequest('the object is nested too deeply, or too much of it is wrong')
  if (error instanceof StatusError && error.message !== internalText) return error
  const message = `${internalText}: see the server's log for request ${request.id}`
  return new StatusError({ code: 500, reason: 'InternalError', message }, { cause: error })
}

export function recover(log: Logger): Filter {
  return async (request, next) => {
    try {
      return await next(request)
    } catch (error) {
      const status = statusOf(request, error)
      if (status.cause !== undefined) {
        const { method, path, id } = request
        const cause = status.cause instanceof Error ? status.cause : new Error(String(status.cause))
        log.error('request failed', { method, path, id, error: cause.stack ?? cause.message })
      }
      return errorReply(request, status)
    }
  }
}
