// Maps of resource names to quantities (`requests`, `limits`, `capacity`): their names, which of them are
// whole numbers, and how they are rounded. Follows upstream's pkg/apis/core/helper and its validation.
import { type FieldError, invalidValue } from '../fields.ts'
import { qualifiedName } from '../meta/names.ts'
import { negativeText } from '../meta/objectmeta.ts'
import { compareQuantities, formatQuantity, parseQuantity } from '../meta/quantity.ts'

export type ResourceList = Record<string, string>

const containerNames = new Set(['cpu', 'memory', 'ephemeral-storage'])
const integerNames = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
])
const quotaNames = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'storage',
  'requests.storage',
])

export const isHugePage = (name: string) => name.startsWith('hugepages-')
export const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/')

/** One that a device plugin brings: `example.com/gpu`. */
export function isExtended(name: string): boolean {
  if (isNative(name) || name.startsWith('requests.')) return false
  return qualifiedName(`requests.${name}`).length === 0
}

export const isStandardContainerResource = (name: string) => containerNames.has(name) || isHugePage(name)
export const isOvercommitAllowed = (name: string) => isNative(name) && !isHugePage(name)
const isStandard = (name: string) =>
  quotaNames.has(name) || integerNames.has(name) || isHugePage(name) || name.startsWith('requests.hugepages-')
const isIntegerResource = (name: string) => integerNames.has(name) || isExtended(name)

export function validateResourceName(name: string, field: string): FieldError[] {
  const errors = qualifiedName(name).map(problem => invalidValue(field, name, problem))
  if (errors.length > 0 || name.includes('/') || isStandard(name)) return errors
  return [invalidValue(field, name, 'must be a standard resource type or fully qualified')]
}

/** What a container can ask for. */
export function validateContainerResourceName(name: string, field: string): FieldError[] {
  if (isStandardContainerResource(name)) return []
  const errors = validateResourceName(name, field)
  if (!name.includes('/')) {
    errors.push(invalidValue(field, name, 'must be a standard resource for containers'))
  } else if (!isNative(name) && !isExtended(name)) {
    errors.push(invalidValue(field, name, "doesn't follow extended resource name standard"))
  }
  return errors
}

/** What a ResourceQuota can bound, of the names that Kubernetes has given. */
export const isStandardQuotaResource = (name: string) => name !== 'storage' && isStandard(name)

/** Not negative, and whole where the resource is counted. */
export function validateResourceQuantity(name: string, text: string, field: string): FieldError[] {
  if (isPlain.test(text)) return []
  const quantity = parseQuantity(text)
  const errors: FieldError[] = []
  if (quantity.value < 0n) errors.push(invalidValue(field, text, negativeText))
  const whole = quantity.scale >= 0 || quantity.value % 10n ** BigInt(-quantity.scale) === 0n
  if (!whole && isIntegerResource(name)) errors.push(invalidValue(field, text, 'must be an integer'))
  return errors
}

const isPlain = /^[0-9]+(?:Ki|Mi|Gi|k|M|G)?$/
const isFine = /^[0-9]+(?:m|Ki|Mi|Gi|k|M|G)?$/

/** In place: nothing finer than a thousandth is kept, rounded up. */
export function roundToMilli(list: ResourceList | undefined): void {
  for (const name in list) {
    const text = list[name]!
    if (isFine.test(text)) continue
    const { value, scale, format } = parseQuantity(text)
    if (scale >= -3) continue
    const unit = 10n ** BigInt(-3 - scale)
    const rounded = value > 0n ? (value + unit - 1n) / unit : -((-value + unit - 1n) / unit)
    if (rounded * unit !== value) list[name] = formatQuantity({ value: rounded, scale: -3, format })
  }
}

export const quantityLess = (left: string, right: string) =>
  compareQuantities(parseQuantity(left), parseQuantity(right)) < 0
