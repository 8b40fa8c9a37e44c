// The quality-of-service class of a Pod, from what its containers ask for: Guaranteed when limits equal
// requests everywhere, BestEffort when nothing is asked, else Burstable. Follows upstream's
// pkg/apis/core/helper/qos.
import type { PodSpec, ResourceRequirements } from '../../../generated/types.ts'
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../meta/quantity.ts'

export type QOSClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const counted = ['cpu', 'memory'] as const

export function podQOS(spec: PodSpec | undefined): QOSClass {
  const own = spec?.resources
  const isPodLevel = Object.keys(own?.requests ?? {}).length + Object.keys(own?.limits ?? {}).length > 0
  const all = isPodLevel
    ? [own!]
    : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources }) => resources ?? {})
  const requests = new Map<string, Quantity>()
  const limits = new Map<string, Quantity>()
  let guaranteed = true
  for (const resources of all) {
    collect(requests, resources.requests)
    if (collect(limits, resources.limits) < counted.length) guaranteed = false
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  if (!guaranteed || requests.size !== limits.size) return 'Burstable'
  for (const [name, request] of requests) {
    const limit = limits.get(name)
    if (!limit || compareQuantities(limit, request) !== 0) return 'Burstable'
  }
  return 'Guaranteed'
}

/** Adds up what is not zero; returns how many were found. */
function collect(sums: Map<string, Quantity>, list: ResourceRequirements['limits']): number {
  let found = 0
  if (!list) return found
  for (const name of counted) {
    const text = list[name]
    if (text === undefined) continue
    const quantity = parseQuantity(text)
    if (quantity.value <= 0n) continue
    found++
    const sum = sums.get(name)
    sums.set(name, sum ? addQuantities(sum, quantity) : quantity)
  }
  return found
}
