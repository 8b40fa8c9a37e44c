// PodDisruptionBudget: how many Pods of a set may be evicted at a time.
import { type FieldError, invalidValue } from '../../fields.ts'
import type { PodDisruptionBudget } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function validate({ spec }: PodDisruptionBudget): FieldError[] {
  if (spec?.minAvailable === undefined || spec.maxUnavailable === undefined) return []
  const text = 'minAvailable and maxUnavailable cannot be both set'
  return [invalidValue('spec', spec, text)]
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
