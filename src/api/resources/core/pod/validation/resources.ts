// Requests and limits of containers and of whole Pods (KEP-2837): names, amounts, and that no request
// exceeds its limit.
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../../../../fields.ts'
import type { ContainerResizePolicy, PodSpec, ResourceRequirements } from '../../../../generated/types.ts'
import { dns1123Label } from '../../../../meta/names.ts'
import { compareQuantities, formatQuantity, parseQuantity } from '../../../../meta/quantity.ts'
import {
  isHugePage,
  isOvercommitAllowed,
  quantityLess,
  validateContainerResourceName,
  validateResourceQuantity,
} from '../../../resourcelist.ts'
import { aggregateRequests } from '../aggregate.ts'
import { checkEnum, checkText, type PodCheck } from './check.ts'

interface Options {
  readonly field: string
  readonly check: PodCheck
  /** Of the Pod itself, not of a container. */
  readonly isPodLevel?: boolean
}

const isPodLevelResource = (name: string) => name === 'cpu' || name === 'memory' || isHugePage(name)

export function checkResources(resources: ResourceRequirements, options: Options): void {
  const { field, check, isPodLevel } = options
  const { limits, requests, claims } = resources
  const { errors } = check
  for (const name in limits)
    checkAmount(name, limits[name]!, { ...options, field: `${field}.limits[${name}]` })
  for (const name in requests) {
    const request = requests[name]!
    checkAmount(name, request, { ...options, field: `${field}.requests[${name}]` })
    const limit = limits?.[name]
    const at = `${field}.requests`
    if (limit === undefined) {
      if (!isOvercommitAllowed(name)) {
        errors.push(required(`${field}.limits`, 'Limit must be set for non overcommitable resources'))
      }
      continue
    }
    if (limit === request) continue
    const order = compareQuantities(parseQuantity(request), parseQuantity(limit))
    if (order !== 0 && !isOvercommitAllowed(name)) {
      errors.push(invalidValue(at, request, `must be equal to ${name} limit of ${limit}`))
    } else if (order > 0) {
      errors.push(invalidValue(at, request, `must be less than or equal to ${name} limit of ${limit}`))
    }
  }
  if (!limits && !requests && !claims) return
  const names = new Set([...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})])
  if ([...names].some(isHugePage) && !names.has('cpu') && !names.has('memory')) {
    errors.push(forbiddenField(field, 'HugePages require cpu or memory'))
  }
  if (!isPodLevel) checkClaims(claims ?? [], `${field}.claims`, check)
}

function checkAmount(name: string, amount: string, { field, check, isPodLevel }: Options): void {
  const { errors } = check
  if (isPodLevel) {
    if (!isPodLevelResource(name)) {
      errors.push(notSupported(field, name, ['cpu', 'hugepages-', 'memory']))
    }
  } else errors.push(...validateContainerResourceName(name, field))
  errors.push(...validateResourceQuantity(name, amount, field))
  if (isHugePage(name) && !isDivisible(name, amount)) {
    errors.push(invalidValue(field, amount, `${amount} is not positive integer multiple of ${name}`))
  }
}

function isDivisible(name: string, amount: string): boolean {
  try {
    const size = parseQuantity(name.slice('hugepages-'.length))
    const quantity = parseQuantity(amount)
    if (size.value <= 0n || size.scale < 0 || quantity.scale < 0) return quantity.value === 0n
    const [a, b] = [quantity.value * 10n ** BigInt(quantity.scale), size.value * 10n ** BigInt(size.scale)]
    return a % b === 0n
  } catch {
    return false
  }
}

function checkClaims(claims: NonNullable<ResourceRequirements['claims']>, field: string, check: PodCheck) {
  const { errors } = check
  const seen = new Set<string>()
  claims.forEach(({ name, request }, index) => {
    const at = `${field}[${index}]`
    if (!name) {
      errors.push(required(at))
      return
    }
    if (seen.has(name)) errors.push(duplicate(at, name))
    else {
      if (request) checkText(request, dns1123Label, { field: `${at}.request`, check })
      const key = request ? `${name}/${request}` : name
      const overlaps = !request && [...seen].some(other => other.startsWith(`${name}/`))
      if (seen.has(key) || overlaps) errors.push(duplicate(at, key))
      seen.add(key)
    }
    if (check.claims.has(name)) return
    const list = [...check.claims].sort().join(', ')
    const which = list === '' ? ' which is empty' : `: ${list}`
    const detail = `must be one of the names in pod.spec.resourceClaims${which}`
    errors.push(notFoundValue(at, name, detail))
  })
}

export function checkResizePolicies(
  policies: readonly ContainerResizePolicy[],
  field: string,
  check: PodCheck,
): void {
  const seen = new Set<string>()
  policies.forEach(({ resourceName, restartPolicy }, index) => {
    if (seen.has(resourceName)) check.errors.push(duplicate(`${field}[${index}]`, resourceName))
    seen.add(resourceName)
    checkEnum(resourceName ?? '', ['cpu', 'memory'], { field, check })
    checkEnum(restartPolicy ?? '', ['NotRequired', 'RestartContainer'], { field, check })
    if (check.restartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      const detail = "must be 'NotRequired' when `restartPolicy` is 'Never'"
      check.errors.push(invalidValue(field, restartPolicy, detail))
    }
  })
}

/** The Pod asks for at least what its containers ask for; none of them may use more than it. */
export function checkPodResources(spec: PodSpec, field: string, check: PodCheck): void {
  const { resources } = spec
  if (!resources) return
  const at = `${field}.resources`
  if (resources.claims) {
    check.errors.push(forbiddenField(`${at}.claims`, 'claims cannot be set for Resources at pod-level'))
  }
  checkResources(resources, { field: at, check, isPodLevel: true })
  for (const [name, quantity] of aggregateRequests(spec)) {
    const request = resources.requests?.[name] ?? (check.isPod ? '0' : undefined)
    if (request === undefined || !isPodLevelResource(name)) continue
    if (compareQuantities(quantity, parseQuantity(request)) <= 0) continue
    const amount = formatQuantity(quantity)
    const detail = `must be greater than or equal to aggregate container requests of ${amount}`
    check.errors.push(invalidValue(`${at}.requests[${name}]`, request, detail))
  }
  spec.containers.forEach(({ resources: own }, index) => {
    for (const name in own?.limits) {
      const limit = resources.limits?.[name]
      if (limit === undefined || !quantityLess(limit, own.limits[name]!)) continue
      const where = `${at}.containers[${index}][${name}].limits`
      const detail = `must be less than or equal to pod limits of ${limit}`
      check.errors.push(invalidValue(where, own.limits[name], detail))
    }
  })
}
