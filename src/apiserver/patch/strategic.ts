// Strategic merge patch (apimachinery pkg/util/strategicpatch): a merge patch that knows which lists are
// keyed, with directives: $patch, $retainKeys, $setElementOrder/x and $deleteFromPrimitiveList/x.
import type { PatchSchema } from '../../api/schema.ts'
import { badRequest, internal, StatusError } from '../../api/status.ts'
import { identityOf, orderElements } from './elementorder.ts'
import { isObject, type JSONObject } from './merge.ts'

const orderPrefix = '$setElementOrder/'
const deletePrefix = '$deleteFromPrimitiveList/'
const isDirective = (name: string) =>
  name === '$patch' || name === '$retainKeys' || name.startsWith(orderPrefix) || name.startsWith(deletePrefix)

type FieldRule = NonNullable<ReturnType<PatchSchema['field']>>

const plainObject: FieldRule = { strategies: [], type: 'other' }

const unprocessable = (message: string) => new StatusError({ code: 422, reason: 'Invalid', message })
const unknownPatchType = (type: unknown) => internal(undefined, `unknown patch type: ${String(type)}`)

/** What the patch sets where nothing was: without nulls and without directives. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter(item => !(isObject(item) && item['$patch'] !== undefined)).map(withoutDirectives)
  }
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([name, inner]) => inner !== null && !isDirective(name))
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutDirectives(inner)]))
}

/** Keys that the patch does not list are dropped from what is there. */
function retainKeys(fields: Map<string, unknown>, patch: JSONObject): void {
  const keys = patch['$retainKeys']
  if (keys === undefined) return
  if (!Array.isArray(keys)) throw badRequest('$retainKeys should be a list of keys')
  for (const [name, value] of Object.entries(patch)) {
    if (value !== null && !isDirective(name) && !keys.includes(name)) {
      throw badRequest('invalid patch format of retainKeys')
    }
  }
  for (const name of [...fields.keys()]) if (!keys.includes(name)) fields.delete(name)
}

function mergeKeyOf(rule: FieldRule): string {
  if (rule.mergeKey) return rule.mergeKey
  throw unprocessable('map: expected a merge key, but the field has none')
}

interface SpecialElements {
  readonly rest: readonly JSONObject[]
  readonly removed: ReadonlySet<string>
  readonly replaces: boolean
}

/** Takes `$patch: delete` and `$patch: replace` out of a list. */
function readSpecialElements(patch: readonly unknown[], mergeKey: string): SpecialElements {
  const rest: JSONObject[] = []
  const removed = new Set<string>()
  let replaces = false
  for (const element of patch) {
    if (!isObject(element)) throw badRequest('unable to find api field in struct: expected a list of objects')
    const type = element['$patch']
    if (type === undefined) rest.push(element)
    else if (type === 'replace') replaces = true
    else if (type === 'delete') {
      if (!(mergeKey in element)) throw internal(undefined, 'delete patch type with no merge key defined')
      removed.add(identityOf(element, mergeKey))
    } else throw unknownPatchType(type)
  }
  return { rest, removed, replaces }
}

function mergeObjects(current: readonly unknown[], patch: readonly unknown[], rule: FieldRule): unknown[] {
  const mergeKey = mergeKeyOf(rule)
  const { rest, removed, replaces } = readSpecialElements(patch, mergeKey)
  if (replaces) return rest.map(withoutDirectives)
  const merged = current.filter(element => !removed.has(identityOf(element, mergeKey)))
  for (const element of rest) {
    if (!(mergeKey in element)) {
      throw internal(
        undefined,
        `map: ${JSON.stringify(element)} does not contain declared merge key: ${mergeKey}`,
      )
    }
    const identity = identityOf(element, mergeKey)
    const index = merged.findIndex(known => identityOf(known, mergeKey) === identity)
    if (index < 0) merged.push(withoutDirectives(element))
    else merged[index] = mergeFields(merged[index], element, rule.items)
  }
  return orderElements(merged, { patch: rest, server: current, mergeKey })
}

function mergeScalars(current: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const merged = [
    ...new Map([...current, ...patch].map(item => [identityOf(item, undefined), item])).values(),
  ]
  return orderElements(merged, { patch, server: current, mergeKey: undefined })
}

function mergeLists(current: readonly unknown[], patch: readonly unknown[], rule: FieldRule): unknown[] {
  if (!rule.strategies.includes('merge')) return patch.map(withoutDirectives)
  const sample = current[0] ?? patch[0]
  if (Array.isArray(sample)) throw unprocessable('lists of lists are not supported')
  return isObject(sample) ? mergeObjects(current, patch, rule) : mergeScalars(current, patch)
}

function mergeValue(current: unknown, patch: unknown, rule: FieldRule): unknown {
  if (Array.isArray(current) && Array.isArray(patch)) return mergeLists(current, patch, rule)
  if (!isObject(current) || !isObject(patch)) return withoutDirectives(patch)
  return rule.strategies.includes('replace')
    ? withoutDirectives(patch)
    : mergeFields(current, patch, rule.fields)
}

function checkOrder(
  elements: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): void {
  const wanted = order.map(element => identityOf(element, mergeKey))
  let at = 0
  for (const element of elements) {
    if (isObject(element) && element['$patch'] !== undefined) continue
    const found = wanted.indexOf(identityOf(element, mergeKey), at)
    if (found < 0) {
      throw internal(
        undefined,
        `The order in patch list:\n${JSON.stringify(elements)}\n doesn't match ${orderPrefix.slice(0, -1)} list:\n${JSON.stringify(order)}\n`,
      )
    }
    at = found + 1
  }
}

/** One `$setElementOrder/name`: merges the list, then puts it in that order. */
function mergeOrdered(
  current: unknown,
  patch: unknown,
  options: { order: unknown; rule: FieldRule },
): unknown {
  const { order, rule } = options
  if (!Array.isArray(order)) throw badRequest('invalid patch format of setElementOrder list')
  const { mergeKey } = rule
  if (Array.isArray(patch)) checkOrder(patch, order, mergeKey)
  const server = Array.isArray(current) ? current : []
  const merged = patch === undefined ? server : mergeValue(current, patch, rule)
  return Array.isArray(merged) ? orderElements(merged, { patch: order, server, mergeKey }) : merged
}

function deleteScalars(current: unknown, names: unknown): unknown {
  if (!Array.isArray(names)) throw badRequest('invalid patch format of primitive list')
  if (!Array.isArray(current)) return current
  const removed = new Set(names.map(name => identityOf(name, undefined)))
  return current.filter(item => !removed.has(identityOf(item, undefined)))
}

function mergeFields(current: unknown, patch: JSONObject, schema: PatchSchema | undefined): unknown {
  const type = patch['$patch']
  if (type === 'replace') return withoutDirectives(patch)
  if (type === 'delete') return {}
  if (type !== undefined && type !== 'merge') throw unknownPatchType(type)
  const fields = new Map(Object.entries(isObject(current) ? current : {}))
  retainKeys(fields, patch)
  const ruleOf = (name: string) => schema?.field(name) ?? plainObject
  const set = (name: string, value: unknown) => {
    if (value !== undefined) fields.set(name, value)
  }
  const ordered = new Set<string>()
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(orderPrefix)) continue
    const name = directive.slice(orderPrefix.length)
    if (!fields.has(name) && patch[name] === undefined) continue
    if (patch[name] === null) continue
    ordered.add(name)
    set(name, mergeOrdered(fields.get(name), patch[name], { order, rule: ruleOf(name) }))
  }
  for (const [name, value] of Object.entries(patch)) {
    const deletes = name.startsWith(deletePrefix) ? name.slice(deletePrefix.length) : undefined
    if (deletes !== undefined) set(deletes, deleteScalars(fields.get(deletes), value))
    else if (isDirective(name) || ordered.has(name)) continue
    else if (value === null) fields.delete(name)
    else
      set(
        name,
        fields.has(name) ? mergeValue(fields.get(name), value, ruleOf(name)) : withoutDirectives(value),
      )
  }
  return Object.fromEntries(fields)
}

/** A copy of `current` with the patch applied. Throws StatusError. */
export function strategicMergePatch(current: unknown, patch: unknown, schema: PatchSchema): unknown {
  if (!isObject(patch)) throw badRequest('error decoding patch: expected an object')
  return mergeFields(current, patch, schema)
}
