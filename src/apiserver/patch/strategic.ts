// Strategic merge patch (k8s.io/apimachinery pkg/util/strategicpatch): a merge patch that knows from the
// schema which lists are merged by a key, and takes directives for what a merge cannot say.
import type { PatchSchema } from '../../api/schema.ts'
import { badRequest } from '../../api/status.ts'
import { formatGo, isObject, requireObject, unexpected } from './errors.ts'
import { fieldOf, setField, withoutNulls } from './fields.ts'
import { deleteListed, elementKind, mergeList, orderBy, requireListed } from './strategiclists.ts'

type Fields = Record<string, unknown>
type FieldRule = NonNullable<ReturnType<PatchSchema['field']>>

const directive = '$patch'
const retainKeys = '$retainKeys'
const deleteFromList = '$deleteFromPrimitiveList'
const elementOrder = '$setElementOrder'

/**
 * Checks the patch once; what it returns applies it to an object of the kind that `schema` describes, changes
 * neither, and throws StatusError. Without a schema every field is plain JSON.
 */
export function strategicMergePatch(
  patch: unknown,
  schema: PatchSchema | undefined,
): (current: unknown) => unknown {
  const fields = patch === null ? {} : requireObject(patch)
  return current => mergeFields(isObject(current) ? current : {}, fields, schema)
}

function mergeFields(current: Fields, patch: Fields, schema: PatchSchema | undefined): Fields {
  if (Object.hasOwn(patch, directive)) return direct(patch)
  const next = { ...current }
  const rest = { ...patch }
  retain(next, rest)
  mergeOrderedLists(next, rest, schema)
  for (const [name, value] of Object.entries(rest)) {
    const isDeletion = name.startsWith(deleteFromList)
    const target = isDeletion ? targetOf(name, deleteFromList) : name
    if (value === null) delete next[target]
    else mergeField(next, { name: target, value, isDeletion, rule: schema?.field(target) })
  }
  return next
}

function direct(patch: Fields): Fields {
  const { [directive]: kind, ...fields } = patch
  if (kind === 'replace') return fields
  if (kind === 'delete') return {}
  throw unexpected(`unknown patch type: ${formatGo(kind)} in map: ${formatGo(patch)}`)
}

interface FieldChange {
  readonly name: string
  readonly value: unknown
  /** The value lists what goes, rather than what comes. */
  readonly isDeletion: boolean
  readonly rule: FieldRule | undefined
}

function mergeField(next: Fields, { name, value, isDeletion, rule }: FieldChange): void {
  const known = fieldOf(next, name)
  if (isObject(known) && isObject(value)) {
    const replaced = rule?.strategies.includes('replace')
    setField(next, name, replaced ? value : mergeFields(known, value, rule?.fields))
  } else if (Array.isArray(known) && Array.isArray(value)) {
    setField(next, name, mergeListField(known, value, { rule, isDeletion }))
  } else if (!isDeletion) {
    const kept = withoutDirectives(withoutNulls(value))
    if (kept === undefined) delete next[name]
    else setField(next, name, kept)
  }
}

function mergeListField(
  known: readonly unknown[],
  patch: readonly unknown[],
  { rule, isDeletion }: { readonly rule: FieldRule | undefined; readonly isDeletion: boolean },
): readonly unknown[] {
  if (!rule?.strategies.includes('merge')) return patch
  if (isDeletion && elementKind(known, patch) !== 'object') return deleteListed(known, patch)
  const mergeItem = (item: Fields, change: Fields) => mergeFields(item, change, rule.items)
  return mergeList(known, patch, { mergeKey: rule.mergeKey ?? '', mergeItem })
}

/** What a patch that names all keys of a union-like struct leaves of the others: nothing. */
function retain(next: Fields, patch: Fields): void {
  if (!Object.hasOwn(patch, retainKeys)) return
  const kept = patch[retainKeys]
  delete patch[retainKeys]
  const invalid = () => badRequest('invalid patch format of retainKeys')
  if (!Array.isArray(kept)) throw invalid()
  for (const [name, value] of Object.entries(patch)) {
    const isDirective = name.startsWith(deleteFromList) || name.startsWith(elementOrder)
    if (value !== null && !isDirective && !kept.includes(name)) throw invalid()
  }
  for (const name of Object.keys(next)) if (!kept.includes(name)) delete next[name]
}

/** Merges the lists for which the patch says the order, and takes them out of the patch. */
function mergeOrderedLists(next: Fields, patch: Fields, schema: PatchSchema | undefined): void {
  for (const [directiveName, order] of Object.entries(patch)) {
    if (!directiveName.startsWith(elementOrder)) continue
    delete patch[directiveName]
    const name = targetOf(directiveName, elementOrder)
    const known = listOrNothing(fieldOf(next, name))
    const change = listOrNothing(fieldOf(patch, name))
    const wanted = listOrNothing(order) ?? []
    const rule = schema?.field(name)
    const mergeKey = rule?.mergeKey ?? ''
    requireListed(change ?? [], wanted, mergeKey)
    let merged = known
    if (change) {
      merged = known
        ? mergeListField(known, change, { rule, isDeletion: false })
        : (withoutDirectives(change) as unknown[])
    }
    if (!merged) continue
    const kind = elementKind(known ?? [], change ?? [])
    setField(next, name, orderBy(merged, { wanted, known: known ?? [], mergeKey, kind }))
    delete patch[name]
  }
}

function listOrNothing(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || Array.isArray(value)) return value
  const found = isObject(value) ? 'map[string]interface {}' : goTypeOf(value)
  throw unexpected(`expected a []interface {}, but received a ${found}`)
}

function goTypeOf(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  return value === null ? '%!s(<nil>)' : typeof value
}

/** `$setElementOrder/containers` -> `containers`. */
function targetOf(name: string, prefix: string): string {
  const target = name.slice(prefix.length + 1)
  if (name[prefix.length] === '/' && target !== '') return target
  const what = prefix === deleteFromList ? 'primitive list' : 'setElementOrder list'
  throw badRequest(`invalid patch format of ${what}`)
}

/**
 * A value that is new to the object: nothing in it is there to be directed. Undefined: nothing is left of
 * it.
 */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter(item => item !== undefined)
  if (!isObject(value)) return value
  if (Object.hasOwn(value, directive)) return undefined
  const kept: Fields = {}
  for (const [name, inner] of Object.entries(value)) {
    const isDirective =
      name === retainKeys || name.startsWith(`${deleteFromList}/`) || name.startsWith(`${elementOrder}/`)
    const remains = isDirective ? undefined : withoutDirectives(inner)
    if (remains !== undefined) setField(kept, name, remains)
  }
  return kept
}
