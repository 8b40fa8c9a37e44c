// The one error class of the API side. The server throws it, the wire carries it as a metav1.Status, the
// client rebuilds it. Messages are worded as apimachinery's pkg/api/errors words them, since clients match
// on them.
import type { Status, StatusDetails } from './generated/types.ts'

export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'
  | ''

export interface StatusInit {
  readonly code: number
  readonly reason: StatusReason
  readonly message: string
  readonly details?: StatusDetails
  /** With Expired, on a list's later page: a token that goes on with the newest state. */
  readonly continue?: string
}

export class StatusError extends Error {
  readonly code: number
  readonly reason: StatusReason
  readonly details: StatusDetails | undefined
  readonly continue: string | undefined

  constructor(init: StatusInit, options?: { cause?: unknown }) {
    super(init.message, options)
    this.name = 'StatusError'
    this.code = init.code
    this.reason = init.reason
    this.details = init.details
    this.continue = init.continue
  }

  /** The body that goes over the wire. */
  toStatus(): Status & { metadata: object } {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    }
  }

  static fromStatus(status: Status): StatusError {
    return new StatusError({
      code: status.code ?? 500,
      reason: (status.reason ?? '') as StatusReason,
      message: status.message ?? 'unknown error',
      details: status.details,
      continue: status.metadata?.continue,
    })
  }

  /** From the body of an answer that is a Status, or some proxy's words. */
  static fromText(code: number, text: string): StatusError {
    try {
      const status = JSON.parse(text) as Status
      if (status.kind === 'Status') return StatusError.fromStatus(status)
    } catch {
      // Not JSON.
    }
    return new StatusError({ code, reason: '', message: text.trim() || `the server answered ${code}` })
  }
}

/** Names a kind of thing for messages: `pods`, `deployments.apps`. */
export interface QualifiedResource {
  readonly group: string
  readonly resource: string
}

const qualified = ({ group, resource }: QualifiedResource) =>
  group === '' ? resource : `${resource}.${group}`
const detailsOf = ({ group, resource }: QualifiedResource, name: string): StatusDetails => ({
  ...(name === '' ? {} : { name }),
  ...(group === '' ? {} : { group }),
  ...(resource === '' ? {} : { kind: resource }),
})

export const notFound = (resource: QualifiedResource, name: string) =>
  new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(resource)} "${name}" not found`,
    details: detailsOf(resource, name),
  })

export const alreadyExists = (resource: QualifiedResource, name: string) =>
  new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualified(resource)} "${name}" already exists`,
    details: detailsOf(resource, name),
  })

export const conflict = (resource: QualifiedResource, name: string, why: string) =>
  new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    details: detailsOf(resource, name),
  })

export const forbidden = (resource: QualifiedResource, name: string, why: string) =>
  new StatusError({
    code: 403,
    reason: 'Forbidden',
    message:
      resource.resource === ''
        ? `forbidden: ${why}`
        : name === ''
          ? `${qualified(resource)} is forbidden: ${why}`
          : `${qualified(resource)} "${name}" is forbidden: ${why}`,
    details: detailsOf(resource, name),
  })

export const badRequest = (message: string) => new StatusError({ code: 400, reason: 'BadRequest', message })

export const internal = (cause: unknown, message = 'Internal error occurred') =>
  new StatusError({ code: 500, reason: 'InternalError', message }, { cause })

const hasReason = (reason: StatusReason) => (error: unknown) =>
  error instanceof StatusError && error.reason === reason
export const isNotFound = hasReason('NotFound')
export const isAlreadyExists = hasReason('AlreadyExists')
export const isConflict = hasReason('Conflict')
export const isForbidden = hasReason('Forbidden')
export const isInvalid = hasReason('Invalid')
export const isExpired = (error: unknown) =>
  error instanceof StatusError && (error.reason === 'Expired' || error.reason === 'Gone')
