// JSON Patch (RFC 6902) with the API server's limits and errors (k8s.io/apiserver
// pkg/endpoints/handlers/patch.go).
import type { Operation } from 'rfc6902'
import { badRequest, StatusError } from '../../api/status.ts'
import { isObject } from './merge.ts'

/** As many operations as one patch may have. */
export const maxJSONPatchOperations = 10_000

const pointerFields: Readonly<Record<string, readonly string[]>> = {
  add: ['path'],
  remove: ['path'],
  replace: ['path'],
  test: ['path'],
  move: ['from', 'path'],
  copy: ['from', 'path'],
}

function readOperation(value: unknown): Operation {
  const fields = isObject(value) ? pointerFields[String(value['op'])] : undefined
  if (!isObject(value) || !fields)
    throw badRequest(`error decoding patch: unknown operation: ${JSON.stringify(value)}`)
  for (const field of fields) {
    const pointer = value[field]
    if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/'))) {
      throw badRequest(`error decoding patch: missing or invalid ${field}: ${JSON.stringify(value)}`)
    }
  }
  return value as unknown as Operation
}

const cannotApply = (cause: unknown) =>
  new StatusError(
    {
      code: 422,
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
    },
    { cause },
  )

const touchesPrototype = (operation: Operation) =>
  [operation.path, (operation as { from?: string }).from ?? ''].some(pointer =>
    pointer.split('/').includes('__proto__'),
  )

/**
 * Reads a patch document; what it returns applies it to copies. Throws StatusError: BadRequest for what is
 * no patch, 413 for one with too many operations, and when applied Invalid for an operation that does not
 * fit.
 */
export async function readJSONPatch(document: unknown): Promise<(current: unknown) => unknown> {
  if (!Array.isArray(document)) throw badRequest('error decoding patch: expected a list of operations')
  if (document.length > maxJSONPatchOperations) {
    throw new StatusError({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: `The allowed maximum operations in a JSON patch is ${maxJSONPatchOperations}, got ${document.length}`,
    })
  }
  const operations = document.map(readOperation)
  const { applyPatch } = await import('rfc6902')
  return current => {
    if (operations.some(touchesPrototype)) throw cannotApply(new Error('a path leads to __proto__'))
    const holder = structuredClone(current)
    for (const error of applyPatch(holder, structuredClone(operations))) if (error) throw cannotApply(error)
    return holder
  }
}
