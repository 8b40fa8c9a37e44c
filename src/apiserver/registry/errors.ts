// What the store reports, in Kubernetes' terms: the only place where a StoreError becomes a StatusError.
// Codes and messages follow upstream's pkg/registry/generic/registry and pkg/api/errors.
import { alreadyExists, conflict, notFound, type QualifiedResource, StatusError } from '../../api/status.ts'
import { StoreError, type StoreErrorCode } from '../../storage/store.ts'

export const modifiedText =
  'the object has been modified; please apply your changes to the latest version and try again'

export interface Attempt {
  readonly resource: QualifiedResource
  readonly name: string
  readonly verb: string
}

/** Passes on what is no StoreError. */
export function toStatusError(error: unknown, attempt: Attempt): unknown {
  return error instanceof StoreError ? convert(error.code, error, attempt) : error
}

function convert(code: StoreErrorCode, error: StoreError, { resource, name, verb }: Attempt): StatusError {
  switch (code) {
    case 'KeyExists':
      return alreadyExists(resource, name)
    case 'NotFound':
      return notFound(resource, name)
    case 'Conflict':
      return conflict(resource, name, modifiedText)
    case 'Compacted':
      return expired('The resourceVersion for the provided list is too old.')
    case 'FutureRevision':
      return tooLargeResourceVersion(0, error.details.revision ?? 0)
    case 'Unreadable':
      return new StatusError({
        code: 500,
        reason: 'InternalError',
        message: `Internal error occurred: ${error.message}`,
      })
    case 'InvalidWrite':
    case 'Corrupt':
    case 'NoSpace':
      return new StatusError(
        { code: 500, reason: 'InternalError', message: `Internal error occurred: ${storeText[code]}` },
        { cause: error },
      )
    case 'Unavailable':
      if (error.details.mayHaveHappened) return unknownOutcome({ resource, name, verb }, error)
      return serverTimeout(resource, verb, error)
    case 'Closed':
      return new StatusError(
        { code: 503, reason: 'ServiceUnavailable', message: 'the API server is stopping' },
        { cause: error },
      )
  }
}

const storeText = {
  InvalidWrite: 'the storage refused the write',
  Corrupt: 'the storage is corrupt',
  NoSpace: 'the storage has no space left',
} as const

/** `token` lets a list go on, inconsistently. */
export const expired = (message: string, token?: string) =>
  new StatusError({ code: 410, reason: 'Expired', message, ...(token && { continue: token }) })

export const tooOldResourceVersion = (revision: number, oldest: number) =>
  expired(`too old resource version: ${revision} (${oldest})`)

/** A watch from where the store has never been: who had it from another one is to read everything anew. */
export const unreachedResourceVersion = (revision: number, current: number) =>
  expired(`unknown resource version: ${revision}, the newest is ${current}`)

/** A read that asks for a revision that is not there, nor comes within some seconds. */
export const tooLargeResourceVersion = (revision: number, current: number) =>
  new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${revision}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })

/** The storage has not answered: it may have written, may yet, or not. */
const unknownOutcome = ({ resource, name, verb }: Attempt, cause: unknown) =>
  new StatusError(
    {
      code: 504,
      reason: 'Timeout',
      message:
        `Timeout: the storage did not answer: whether it did ${verb} ${resource.resource} "${name}" ` +
        'is not known, please look before you try again',
    },
    { cause },
  )

function serverTimeout(resource: QualifiedResource, verb: string, cause: unknown): StatusError {
  const { group, resource: plural } = resource
  const where = group === '' ? plural : `${plural}.${group}`
  return new StatusError(
    {
      code: 500,
      reason: 'ServerTimeout',
      message: `The ${verb} operation against ${where} could not be completed at this time, please try again.`,
      details: { ...(group === '' ? {} : { group }), kind: plural, retryAfterSeconds: 2 },
    },
    { cause },
  )
}
