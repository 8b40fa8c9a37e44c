// LimitRange: bounds and defaults for what the Pods, containers and claims of a namespace ask for.
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../fields.ts'
import type { LimitRange, LimitRangeItem } from '../../generated/types.ts'
import { qualifiedName } from '../../meta/names.ts'
import { quantityMilliValue } from '../../meta/quantity.ts'
import { defineResource } from '../../resource.ts'
import { createdAtColumn, nameColumn } from '../columns.ts'
import {
  isOvercommitAllowed,
  quantityLess,
  validateContainerResourceName,
  validateResourceName,
} from '../resourcelist.ts'

/** Limits default to the maximum, requests to the default limits and then to the minimum. */
function defaultItem(item: LimitRangeItem): void {
  if (item.type !== 'Container') return
  const limits = { ...item.max, ...item.default }
  const requests = { ...item.min, ...limits, ...item.defaultRequest }
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}

const types = ['Pod', 'Container', 'PersistentVolumeClaim']

function validateType(type: string, field: string): FieldError[] {
  const problems = qualifiedName(type)
  if (problems.length > 0) return problems.map(problem => invalidValue(field, type, problem))
  if (type.includes('/') || types.includes(type)) return []
  return [invalidValue(field, type, 'must be a standard limit type or fully qualified')]
}

const amounts = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

/** Pairs of which the first may not be more than the second; whose field, whose value, and why. */
const orders = [
  ['min', 'max', 'min', 'min', 'min value', 'max value'],
  ['min', 'defaultRequest', 'defaultRequest', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'defaultRequest', 'defaultRequest', 'default request value', 'max value'],
  [
    ...(['defaultRequest', 'default', 'defaultRequest', 'defaultRequest'] as const),
    ...(['default request value', 'default limit value'] as const),
  ],
  ['min', 'default', 'default', 'min', 'min value', 'default value'],
  ['default', 'max', 'default', 'max', 'default value', 'max value'],
] as const

function validateAmounts(item: LimitRangeItem, name: string, at: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [less, more, field, shown, lessName, moreName] of orders) {
    const [small, great] = [item[less]?.[name], item[more]?.[name]]
    if (small === undefined || great === undefined || !quantityLess(great, small)) continue
    const why = `${lessName} ${small} is greater than ${moreName} ${great}`
    errors.push(invalidValue(`${at}.${field}[${name}]`, item[shown]![name], why))
  }
  return [...errors, ...validateRatio(item, name, at), ...validateEqual(item, name, at)]
}

function validateRatio({ min, max, maxLimitRequestRatio }: LimitRangeItem, name: string, at: string) {
  const ratio = maxLimitRequestRatio?.[name]
  if (ratio === undefined) return []
  const field = `${at}.maxLimitRequestRatio[${name}]`
  const errors: FieldError[] = []
  if (quantityLess(ratio, '1')) errors.push(invalidValue(field, ratio, `ratio ${ratio} is less than 1`))
  const [least, most] = [min?.[name], max?.[name]]
  if (least === undefined || most === undefined) return errors
  const bound = quantityMilliValue(most) / quantityMilliValue(least)
  if (quantityMilliValue(ratio) / 1000 > bound) {
    const why = `ratio ${ratio} is greater than max/min = ${bound.toFixed(6)}`
    errors.push(invalidValue(field, ratio, why))
  }
  return errors
}

/** What cannot be promised twice is asked for as it is limited. */
function validateEqual(item: LimitRangeItem, name: string, at: string): FieldError[] {
  const [limit, request] = [item.default?.[name], item.defaultRequest?.[name]]
  if (isOvercommitAllowed(name) || limit === undefined || request === undefined) return []
  if (!quantityLess(limit, request) && !quantityLess(request, limit)) return []
  const why = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`
  return [invalidValue(`${at}.defaultRequest[${name}]`, request, why)]
}

/** Of Pods there are no defaults, since only containers ask for anything. */
function validateDefaultsOfPod(item: LimitRangeItem, at: string): FieldError[] {
  return (['default', 'defaultRequest'] as const)
    .filter(field => Object.keys(item[field] ?? {}).length > 0)
    .map(field => forbiddenField(`${at}.${field}`, "may not be specified when `type` is 'Pod'"))
}

function validateItem(item: LimitRangeItem, at: string): FieldError[] {
  const { type, min, max } = item
  const isPod = type === 'Pod'
  const known = isPod ? amounts.filter(field => !field.startsWith('default')) : amounts
  const validateName = isPod || type === 'Container' ? validateContainerResourceName : validateResourceName
  const errors = known.flatMap(field =>
    Object.keys(item[field] ?? {}).flatMap(name => validateName(name, `${at}.${field}[${name}]`)),
  )
  if (isPod) errors.push(...validateDefaultsOfPod(item, at))
  if (type === 'PersistentVolumeClaim' && !min?.storage && !max?.storage) {
    const why = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(required(`${at}.limits`, why))
  }
  const names = new Set(known.flatMap(field => Object.keys(item[field] ?? {})))
  return [...errors, ...[...names].flatMap(name => validateAmounts(item, name, at))]
}

/** As upstream's ValidateLimitRange. */
function validate({ spec }: LimitRange): FieldError[] {
  const limits = spec?.limits ?? []
  return limits.flatMap((item, index) => {
    const at = `spec.limits[${index}]`
    const isSecond = limits.findIndex(({ type }) => type === item.type) < index
    return [
      ...validateType(item.type, `${at}.type`),
      ...(isSecond ? [duplicate(`${at}.type`, item.type)] : []),
      ...validateItem(item, at),
    ]
  })
}

export const limitRanges = defineResource<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  resource: 'limitranges',
  shortNames: ['limits'],
  namespaced: true,
  allowCreateOnUpdate: true,
  columns: [nameColumn, createdAtColumn],
  default: limitRange => {
    for (const item of limitRange.spec?.limits ?? []) defaultItem(item)
  },
  validate,
})
