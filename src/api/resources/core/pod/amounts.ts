// What a Pod asks for as a whole: the sum of its containers, or what one init container asks where that is
// more.
import type { Container, PodSpec } from '../../../generated/types.ts'
import { addQuantities, compareQuantities, formatQuantity, parseQuantity } from '../../../meta/quantity.ts'

/** Resource -> quantity. */
export type Amounts = Readonly<Record<string, string>>

export interface Resources {
  readonly requests: Amounts
  readonly limits: Amounts
}

export const addAmount = (a: string, b: string): string =>
  formatQuantity(addQuantities(parseQuantity(a), parseQuantity(b)))

/** Negative, zero or positive, as numbers. */
export const compareAmounts = (a: string, b: string): number =>
  compareQuantities(parseQuantity(a), parseQuantity(b))

/** What the lists name, added up. */
export function sumAmounts(lists: readonly Amounts[]): Record<string, string> {
  const sum: Record<string, string> = {}
  for (const [name, amount] of lists.flatMap(list => Object.entries(list))) {
    sum[name] = sum[name] === undefined ? amount : addAmount(sum[name], amount)
  }
  return sum
}

/** Resources that not every list names are without a bound, and have no sum. */
function boundedSum(lists: readonly Amounts[]): Record<string, string> {
  const sum = sumAmounts(lists)
  return Object.fromEntries(Object.entries(sum).filter(([name]) => lists.every(list => name in list)))
}

type Sum = (lists: readonly Amounts[]) => Record<string, string>

function whole(field: keyof Resources, { containers, initContainers = [] }: PodSpec, sum: Sum): Amounts {
  const of = ({ resources }: Container): Amounts => resources?.[field] ?? {}
  const total = sum(containers.map(of))
  for (const [name, amount] of initContainers.map(of).flatMap(list => Object.entries(list))) {
    if (total[name] === undefined || compareAmounts(amount, total[name]) > 0) total[name] = amount
  }
  return total
}

/** `isBounded`: leaves out resources that a container does not bound, for they may be anything. */
export function podAmounts(spec: PodSpec | undefined, { isBounded = false } = {}): Resources {
  if (!spec) return { requests: {}, limits: {} }
  const sum = isBounded ? boundedSum : sumAmounts
  return { requests: whole('requests', spec, sum), limits: whole('limits', spec, sum) }
}
