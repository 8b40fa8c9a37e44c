// ResourceQuota: how much the objects of a namespace may use together.
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { immutableText, sameValue } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { isStandardQuotaResource, validateResourceName, validateResourceQuantity } from '../resourcelist.ts'

/** `cpu: 1/2, pods: 3/10`, of the limits or of everything else. */
function formatUsage({ status }: ResourceQuota, isLimit: boolean): string {
  return Object.keys(status?.hard ?? {})
    .filter(name => name.startsWith('limits.') === isLimit)
    .sort()
    .map(name => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name]}`)
    .join(', ')
}

const ofPods = ['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']

/** Scope -> the standard resources that it can be applied to. */
const scopeResources: Readonly<Record<string, readonly string[]>> = {
  Terminating: ofPods,
  NotTerminating: ofPods,
  NotBestEffort: ofPods,
  PriorityClass: ofPods,
  BestEffort: ['pods'],
  CrossNamespacePodAffinity: ofPods,
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
}
const existenceOnly = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'CrossNamespacePodAffinity',
]
const conflicts = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
]

function validateAmounts(list: ResourceQuotaSpec['hard'], field: string): FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, amount]) => {
    const at = `${field}[${name}]`
    const errors = validateResourceName(name, at)
    if (!name.includes('/') && !isStandardQuotaResource(name)) {
      errors.push(invalidValue(at, name, 'must be a standard resource for quota'))
    }
    return [...errors, ...validateResourceQuantity(name, amount, at)]
  })
}

const isScope = (scope: string) => Object.hasOwn(scopeResources, scope)

function fitsScope(scope: string, { hard = {} }: ResourceQuotaSpec): boolean {
  if (!isScope(scope)) return true
  const fitting = scopeResources[scope]!
  return Object.keys(hard).every(name => !isStandardQuotaResource(name) || fitting.includes(name))
}

const conflictsAmong = (scopes: readonly string[]) =>
  conflicts.filter(pair => pair.every(scope => scopes.includes(scope)))

function validateScopes(spec: ResourceQuotaSpec): FieldError[] {
  const { scopes = [] } = spec
  const refuse = (why: string) => invalidValue('spec.scopes', scopes, why)
  return [
    ...scopes.flatMap(scope => [
      ...(isScope(scope) ? [] : [refuse('unsupported scope')]),
      ...(fitsScope(scope, spec) ? [] : [refuse('unsupported scope applied to resource')]),
    ]),
    ...conflictsAmong(scopes).map(() => refuse('conflicting scopes')),
  ]
}

function validateOperator(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  at: string,
) {
  const errors: FieldError[] = []
  if (existenceOnly.includes(scopeName) && operator !== 'Exists') {
    const why =
      "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
      'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity'
    errors.push(invalidValue(`${at}.operator`, operator, why))
  }
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) break
      errors.push(
        required(
          `${at}.values`,
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      )
      break
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) break
      errors.push(
        invalidValue(
          `${at}.values`,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      )
      break
    default:
      errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'))
  }
  return errors
}

function validateScopeSelector(spec: ResourceQuotaSpec): FieldError[] {
  const at = 'spec.scopeSelector.matchExpressions'
  const requirements = spec.scopeSelector?.matchExpressions ?? []
  const errors = requirements.flatMap(requirement => [
    ...(isScope(requirement.scopeName)
      ? []
      : [invalidValue(`${at}.scopeName`, requirement.scopeName, 'unsupported scope')]),
    ...(fitsScope(requirement.scopeName, spec)
      ? []
      : [invalidValue(at, spec.scopeSelector, 'unsupported scope applied to resource')]),
    ...validateOperator(requirement, at),
  ])
  const names = requirements.map(({ scopeName }) => scopeName)
  return [
    ...errors,
    ...conflictsAmong(names).map(() =>
      invalidValue('spec.scopes', spec.scopes ?? null, 'conflicting scopes'),
    ),
  ]
}

/** As upstream's ValidateResourceQuota. */
function validate({ spec = {}, status = {} }: ResourceQuota): FieldError[] {
  return [
    ...validateAmounts(spec.hard, 'spec.hard'),
    ...validateScopes(spec),
    ...validateScopeSelector(spec),
    ...validateStatus(status),
  ]
}

const validateStatus = ({ hard, used }: NonNullable<ResourceQuota['status']>): FieldError[] => [
  ...validateAmounts(hard, 'status.hard'),
  ...validateAmounts(used, 'status.used'),
]

function validateUpdate({ spec }: ResourceQuota, previous: ResourceQuota): FieldError[] {
  const sorted = (scopes: readonly string[] = []) => [...new Set(scopes)].sort()
  if (sameValue(sorted(spec?.scopes), sorted(previous.spec?.scopes))) return []
  return [invalidValue('spec.scopes', spec?.scopes ?? null, immutableText)]
}

export const resourceQuotas = defineResource<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  resource: 'resourcequotas',
  shortNames: ['quota'],
  namespaced: true,
  hasStatus: true,
  columns: [
    nameColumn,
    column('Request', quota => formatUsage(quota, false)),
    column('Limit', quota => formatUsage(quota, true)),
    ageColumn,
  ],
  validate,
  validateUpdate,
  validateStatusUpdate: ({ status = {} }) => validateStatus(status),
})
