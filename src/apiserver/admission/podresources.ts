// What a Pod asks for as a whole: the sum of its containers, or of one init container where that is more
// (KEP-753 leaves sidecars, which count for both, to those who need them).
import type { Container, PodSpec } from '../../api/generated/types.ts'
import { addQuantities, compareQuantities, formatQuantity, parseQuantity } from '../../api/meta/quantity.ts'

/** Resource -> quantity. */
export type Amounts = Readonly<Record<string, string>>

export interface Resources {
  readonly requests: Amounts
  readonly limits: Amounts
}

export const addAmounts = (a: string, b: string): string =>
  formatQuantity(addQuantities(parseQuantity(a), parseQuantity(b)))

const greater = (a: string, b: string) => (compareQuantities(parseQuantity(a), parseQuantity(b)) >= 0 ? a : b)

/** Only resources that every container names have a sum: without a bound there is none. */
function sumOf(lists: readonly Amounts[]): Record<string, string> {
  const [first = {}, ...others] = lists
  const names = Object.keys(first).filter(name => others.every(list => name in list))
  return Object.fromEntries(
    names.map(name => [name, others.reduce((sum, list) => addAmounts(sum, list[name]!), first[name]!)]),
  )
}

function whole(field: 'requests' | 'limits', { containers, initContainers = [] }: PodSpec): Amounts {
  const of = ({ resources }: Container): Amounts => resources?.[field] ?? {}
  const total = sumOf(containers.map(of))
  for (const list of initContainers.map(of)) {
    for (const [name, amount] of Object.entries(list)) {
      total[name] = total[name] === undefined ? amount : greater(amount, total[name])
    }
  }
  return total
}

export function podAmounts(spec: PodSpec | undefined): Resources {
  if (!spec) return { requests: {}, limits: {} }
  return { requests: whole('requests', spec), limits: whole('limits', spec) }
}
