// JSON Merge Patch (RFC 7386), with what evanphx/json-patch v4 does beyond it: nulls are also dropped from
// the objects of a list that the patch brings.
import { badRequest } from '../../api/status.ts'
import { isObject, requireObject } from './errors.ts'
import { setField, withoutNulls } from './fields.ts'

/** Checks the patch once; what it returns applies it to an object and changes neither. */
export function mergePatch(patch: unknown): (current: unknown) => unknown {
  if (patch === null) throw badRequest('Invalid JSON Patch')
  const fields = requireObject(patch, 'error decoding patch: ')
  return current => (isObject(current) ? merge(current, fields) : withoutNulls(fields))
}

function merge(current: Record<string, unknown>, patch: Record<string, unknown>): Record<string, unknown> {
  const next = { ...current }
  for (const [name, value] of Object.entries(patch)) {
    const known = Object.hasOwn(next, name) ? next[name] : undefined
    if (value === null) delete next[name]
    else if (!isObject(known)) setField(next, name, withoutNulls(value))
    else setField(next, name, isObject(value) ? merge(known, value) : value)
  }
  return next
}
