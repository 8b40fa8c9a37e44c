// What a Pod's containers ask for together: the sum of those that run side by side, or what one that runs
// first needs if that is more. Sidecars count on both sides (KEP-753).
import type { PodSpec } from '../../../generated/types.ts'
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../meta/quantity.ts'

type Amounts = Map<string, Quantity>

function add(sum: Amounts, list: Readonly<Record<string, string>> | undefined): void {
  for (const name in list) {
    const quantity = parseQuantity(list[name]!)
    const before = sum.get(name)
    sum.set(name, before ? addQuantities(before, quantity) : quantity)
  }
}

function raise(most: Amounts, amounts: Amounts): void {
  for (const [name, quantity] of amounts) {
    const before = most.get(name)
    if (!before || compareQuantities(quantity, before) > 0) most.set(name, quantity)
  }
}

export function aggregateRequests({
  containers,
  initContainers = [],
}: PodSpec): ReadonlyMap<string, Quantity> {
  const total: Amounts = new Map()
  for (const { resources } of containers) add(total, resources?.requests)
  const sidecars: Amounts = new Map()
  const first: Amounts = new Map()
  for (const { restartPolicy, resources } of initContainers) {
    if (restartPolicy === 'Always') {
      add(total, resources?.requests)
      add(sidecars, resources?.requests)
      raise(first, sidecars)
    } else {
      const together = new Map(sidecars)
      add(together, resources?.requests)
      raise(first, together)
    }
  }
  raise(total, first)
  return total
}
