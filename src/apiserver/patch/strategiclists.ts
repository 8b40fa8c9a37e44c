// The lists of a strategic merge patch: merged by a key or, when they hold plain values, as sets; and put
// into an order that keeps the patch's, then the live one (KEP "preserve order in strategic merge patch").
import { formatGo, isObject, unexpected, unprocessable } from './errors.ts'

type Fields = Record<string, unknown>
type List = readonly unknown[]

export type ElementKind = 'object' | 'string' | 'number' | 'boolean'

const noMergeKey = (item: unknown, mergeKey: string) =>
  unexpected(`map: ${formatGo(item)} does not contain declared merge key: ${mergeKey}`)

/** The one type that all elements have. */
export function elementKind(...lists: List[]): ElementKind {
  let kind: ElementKind | undefined
  for (const item of lists.flat()) {
    if (Array.isArray(item) && !kind) throw unprocessable()
    const found = item === null || Array.isArray(item) ? undefined : (typeof item as ElementKind)
    if (found === undefined || (kind !== undefined && kind !== found)) {
      throw unexpected(`list element types are not identical: ${formatGo(lists)}`)
    }
    kind = found
  }
  if (!kind) throw unexpected('no elements in any of the given slices')
  return kind
}

export const deleteListed = (known: List, listed: List): List => {
  const gone = new Set(listed)
  return known.filter(item => !gone.has(item))
}

interface MergeListOptions {
  readonly mergeKey: string
  readonly mergeItem: (item: Fields, change: Fields) => Fields
}

export function mergeList(known: List, patch: List, { mergeKey, mergeItem }: MergeListOptions): List {
  if (known.length === 0 && patch.length === 0) return known
  const kind = elementKind(known, patch)
  if (kind !== 'object') {
    const merged = [...new Set([...known, ...patch])]
    return orderBy(merged, { wanted: patch, known, mergeKey: '', kind })
  }
  if (mergeKey === '') throw unexpected('cannot merge lists without merge key for struct')
  const { remaining, changes } = direct(known, patch, mergeKey)
  const merged = [...remaining]
  for (const change of changes) {
    const index = indexByKey(merged, mergeKey, keyOf(change, mergeKey))
    if (index < 0) merged.push(change)
    else merged[index] = mergeItem(merged[index] as Fields, change)
  }
  return orderBy(merged, { wanted: changes, known: remaining, mergeKey, kind })
}

/** Carries out the elements that are directives; what is left is merged. */
function direct(known: List, patch: List, mergeKey: string) {
  let remaining = known
  let replace = false
  const changes: Fields[] = []
  for (const item of patch as readonly Fields[]) {
    if (!Object.hasOwn(item, '$patch')) {
      changes.push(item)
      continue
    }
    const kind = item.$patch
    if (kind === 'delete') {
      const value = keyOf(item, mergeKey)
      remaining = remaining.filter(element => !hasKey(element, mergeKey, value))
    } else if (kind === 'replace') {
      replace = true
    } else if (kind === 'merge') {
      throw unexpected('merging lists cannot yet be specified in the patch')
    } else {
      throw unexpected(`unknown patch type: ${formatGo(kind)} in map: ${formatGo(item)}`)
    }
  }
  return replace ? { remaining: changes, changes: [] } : { remaining, changes }
}

function keyOf(item: Fields, mergeKey: string): unknown {
  if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey)
  return item[mergeKey]
}

const hasKey = (item: unknown, mergeKey: string, value: unknown) =>
  isObject(item) && Object.hasOwn(item, mergeKey) && item[mergeKey] === value

const indexByKey = (list: List, mergeKey: string, value: unknown) =>
  list.findIndex(item => hasKey(item, mergeKey, value))

/**
 * The elements of a patch list must be among those of its $setElementOrder, in the same order; those that
 * delete are not looked at.
 */
export function requireListed(patch: List, order: List, mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return
  const kept = patch.filter(item => !isObject(item) || !Object.hasOwn(item, '$patch'))
  const same = (item: unknown, listed: unknown) => {
    if (mergeKey === '') return item === listed
    return keyOf(asFields(item), mergeKey) === keyOf(asFields(listed), mergeKey)
  }
  let next = 0
  for (const listed of order) if (next < kept.length && same(kept[next], listed)) next++
  if (next === kept.length) return
  const lists = `${formatGo(patch)}\n doesn't match $setElementOrder list:\n${formatGo(order)}`
  throw unexpected(`The order in patch list:\n${lists}\n`)
}

function asFields(item: unknown): Fields {
  if (isObject(item)) return item
  const found = typeof item === 'number' ? 'int64' : typeof item === 'boolean' ? 'bool' : typeof item
  throw unexpected(`expected a map[string]interface {}, but received a ${found}`)
}

interface OrderOptions {
  /** The order that the patch asks for. */
  readonly wanted: List
  /** The live list. */
  readonly known: List
  readonly mergeKey: string
  readonly kind: ElementKind
}

/**
 * Elements that are wanted come in that order, the others in that of the live list; where both kinds meet,
 * one of the others goes before a wanted one when it did so in the live list.
 */
export function orderBy(merged: List, { wanted, known, mergeKey, kind }: OrderOptions): List {
  const isObjects = kind === 'object' && mergeKey !== ''
  const identity = (item: unknown) => (isObjects ? keyOf(asFields(item), mergeKey) : item)
  const wantedPlaces = placesOf(wanted, identity)
  const knownPlaces = placesOf(known, identity)
  const inOrder = (items: unknown[], places: ReadonlyMap<unknown, number>) => {
    const place = (item: unknown) => places.get(identity(item)) ?? Number.MAX_SAFE_INTEGER
    return items.sort((a, b) => place(a) - place(b))
  }
  const left = inOrder(
    merged.filter(item => !wantedPlaces.has(identity(item))),
    knownPlaces,
  )
  const right = inOrder(
    merged.filter(item => wantedPlaces.has(identity(item))),
    wantedPlaces,
  )
  const goesFirst = (other: unknown, item: unknown) => {
    const [a, b] = [knownPlaces.get(identity(other)), knownPlaces.get(identity(item))]
    return a !== undefined && b !== undefined && a < b
  }
  const ordered: unknown[] = []
  let next = 0
  for (const item of right) {
    while (next < left.length && goesFirst(left[next], item)) ordered.push(left[next++])
    ordered.push(item)
  }
  return [...ordered, ...left.slice(next)]
}

function placesOf(list: List, identity: (item: unknown) => unknown): ReadonlyMap<unknown, number> {
  const places = new Map<unknown, number>()
  for (const [place, item] of list.entries()) {
    const key = identity(item)
    if (!places.has(key)) places.set(key, place)
  }
  return places
}
