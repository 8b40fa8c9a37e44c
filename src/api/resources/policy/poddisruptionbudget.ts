// PodDisruptionBudget: how many Pods of a set may be evicted at a time.
import { type FieldError, invalidValue, notSupported } from '../../fields.ts'
import type { PodDisruptionBudget } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { validateLabelSelector } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { amount, validateAmount } from '../apps/deployment.ts'
import { nameColumn } from '../columns.ts'

const evictionPolicies = ['AlwaysAllow', 'IfHealthyBudget']

function validateShare(value: number | string | undefined, field: string): FieldError[] {
  if (value === undefined) return []
  const isTooMuch = typeof value === 'string' && amount(value) > 100
  return [
    ...validateAmount(value, field),
    ...(isTooMuch ? [invalidValue(field, value, 'must not be greater than 100%')] : []),
  ]
}

/** Upstream's pkg/apis/policy/validation. */
function validate({ spec = {} }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec
  const both = minAvailable !== undefined && maxUnavailable !== undefined
  return [
    ...(both ? [invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set')] : []),
    ...validateShare(minAvailable, 'spec.minAvailable'),
    ...validateShare(maxUnavailable, 'spec.maxUnavailable'),
    ...validateLabelSelector(selector, 'spec.selector'),
    ...(policy !== undefined && !evictionPolicies.includes(policy)
      ? [notSupported('spec.unhealthyPodEvictionPolicy', policy, evictionPolicies)]
      : []),
  ]
}

export const podDisruptionBudgets = defineResource<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Min Available', budget => String(budget.spec?.minAvailable ?? 'N/A')),
    column('Max Unavailable', budget => String(budget.spec?.maxUnavailable ?? 'N/A')),
    column('Allowed Disruptions', budget => budget.status?.disruptionsAllowed ?? 0, { type: 'integer' }),
    ageColumn,
  ],
  prepareForCreate: budget => {
    budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }
  },
  validate,
})
