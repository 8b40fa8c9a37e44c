// Field errors: where in an object something is wrong and why, worded as apimachinery's
// pkg/util/validation/field words them.
import { type QualifiedResource, StatusError } from './status.ts'

export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError'

export interface FieldError {
  readonly reason: FieldErrorReason
  /** As Kubernetes writes it: `spec.ports[0].name`, `metadata.labels[app]`. */
  readonly field: string
  /** Without the field: `Invalid value: "x": must be ...`. */
  readonly message: string
}

/** Worded when somebody reads it: thousands of errors may each show all of a large value. */
function withValue(reason: FieldErrorReason, field: string, word: () => string): FieldError {
  return {
    reason,
    field,
    get message() {
      return word()
    },
  }
}

/** As Go's %q and JSON agree: quoted strings, plain numbers, JSON for the rest. */
function show(value: unknown): string {
  return JSON.stringify(value ?? 'null')
}

export const required = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
})
export const invalidValue = (field: string, value: unknown, detail: string): FieldError =>
  withValue('FieldValueInvalid', field, () => `Invalid value: ${show(value)}: ${detail}`)
export const notFoundValue = (field: string, value: unknown, detail = ''): FieldError =>
  withValue(
    'FieldValueNotFound',
    field,
    () => `Not found: ${show(value)}${detail === '' ? '' : `: ${detail}`}`,
  )
export const duplicate = (field: string, value: unknown): FieldError =>
  withValue('FieldValueDuplicate', field, () => `Duplicate value: ${show(value)}`)
export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  withValue(
    'FieldValueNotSupported',
    field,
    () => `Unsupported value: ${show(value)}: supported values: ${supported.map(show).join(', ')}`,
  )
export const forbiddenField = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
})
export const tooLong = (field: string, maxLength: number): FieldError => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${maxLength} bytes`,
})
export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  reason: 'FieldValueTooMany',
  field,
  message: `Too many: ${actual}: must have at most ${max} items`,
})

/** How much text of errors an answer holds; upstream sends all, however much it is. */
const mostCharacters = 64 * 1024

/** The first errors, worded, as many as an answer holds. */
function worded(errors: readonly FieldError[]): FieldError[] {
  const shown: FieldError[] = []
  let room = mostCharacters
  for (const { reason, message, field } of errors) {
    shown.push({ reason, message, field })
    room -= message.length + field.length
    if (room < 0) break
  }
  return shown
}

/** The StatusError 422 that Kubernetes answers when validation finds something. */
export function invalid(
  target: QualifiedResource & { readonly kind: string },
  name: string,
  errors: readonly FieldError[],
) {
  const shown = worded(errors)
  const texts = [...new Set(shown.map(error => `${error.field}: ${error.message}`))]
  if (shown.length < errors.length) texts.push(`and ${errors.length - shown.length} more`)
  const summary = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  const kind = target.group === '' ? target.kind : `${target.kind}.${target.group}`
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${kind} "${name}" is invalid: ${summary}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(target.group === '' ? {} : { group: target.group }),
      ...(target.kind === '' ? {} : { kind: target.kind }),
      causes: shown,
    },
  })
}
