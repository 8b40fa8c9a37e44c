// What an API server answers to a patch that it cannot decode or apply (k8s.io/apiserver
// pkg/endpoints/handlers/patch.go), with values in messages written the way Go's %v writes them.
import { badRequest, StatusError } from '../../api/status.ts'

/** A patch that is well-formed but does not apply to the object. */
export const unprocessable = () =>
  new StatusError({
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {},
  })

/** A patch that contradicts itself or the kind. Upstream answers with 500, as if the server were at fault. */
export const unexpected = (message: string) => badRequest(message)

export const tooManyOperations = (most: number, found: number) =>
  new StatusError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message:
      'Request entity is too large: The allowed maximum operations in a JSON patch is ' +
      `${most}, got ${found}`,
  })

/** `found` is of another JSON type than what a Go decoder is given to fill. */
export const wrongType = (found: unknown, target: string) =>
  `json: cannot unmarshal ${jsonTypeOf(found)} into Go ${target}`

export function requireObject(patch: unknown, prefix = ''): Record<string, unknown> {
  if (isObject(patch)) return patch
  throw badRequest(prefix + wrongType(patch, 'value of type map[string]interface {}'))
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** `map[image:nginx name:web]`, `[a b]`, `<nil>`. */
export function formatGo(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(formatGo).join(' ')}]`
  if (!isObject(value)) return String(value)
  const fields = Object.keys(value).sort()
  return `map[${fields.map(key => `${key}:${formatGo(value[key])}`).join(' ')}]`
}
