// The order of list elements after a strategic merge: those that the patch names keep the patch's order,
// the others the server's, and the two are woven together by where the server had them (apimachinery
// pkg/util/strategicpatch, "preserve order" design proposal).
import { isObject } from './merge.ts'

/** What identifies an element: the value of its merge key, or the element itself. */
export const identityOf = (element: unknown, mergeKey: string | undefined): string =>
  JSON.stringify(mergeKey !== undefined && isObject(element) ? element[mergeKey] : element) ?? ''

const positions = (list: readonly unknown[], mergeKey: string | undefined) => {
  const found = new Map<string, number>()
  list.forEach((element, index) => {
    const identity = identityOf(element, mergeKey)
    if (!found.has(identity)) found.set(identity, index)
  })
  return found
}

export interface Order {
  /** Elements, or their keys, in the order in which the patch wants them. */
  readonly patch: readonly unknown[]
  /** The list before the patch. */
  readonly server: readonly unknown[]
  readonly mergeKey: string | undefined
}

/** Sorts by a position; elements without one stay behind those with, in the order they have. */
function sortBy(list: readonly unknown[], order: ReadonlyMap<string, number>, mergeKey: string | undefined) {
  const place = (element: unknown) => order.get(identityOf(element, mergeKey)) ?? Number.MAX_SAFE_INTEGER
  return [...list].sort((a, b) => place(a) - place(b))
}

export function orderElements(merged: readonly unknown[], { patch, server, mergeKey }: Order): unknown[] {
  const patchOrder = positions(patch, mergeKey)
  const serverOrder = positions(server, mergeKey)
  const isNamed = (element: unknown) => patchOrder.has(identityOf(element, mergeKey))
  const named = sortBy(merged.filter(isNamed), patchOrder, mergeKey)
  const others = sortBy(
    merged.filter(element => !isNamed(element)),
    serverOrder,
    mergeKey,
  )
  const woven: unknown[] = []
  while (named.length > 0 && others.length > 0) {
    const other = serverOrder.get(identityOf(others[0], mergeKey))
    const next = serverOrder.get(identityOf(named[0], mergeKey))
    const otherFirst = other !== undefined && next !== undefined && other < next
    woven.push(otherFirst ? others.shift() : named.shift())
  }
  return [...woven, ...named, ...others]
}
