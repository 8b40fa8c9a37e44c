// ClusterRole: what may be done in all namespaces and outside of any.
import { type FieldError, required } from '../../fields.ts'
import type { AggregationRule, ClusterRole } from '../../generated/types.ts'
import { validateLabelSelector } from '../../meta/objectmeta.ts'
import { defineResource } from '../../resource.ts'
import { createdAtColumn, nameColumn } from '../columns.ts'
import { group } from './binding.ts'
import { validateRules } from './role.ts'

const selectorsField = 'aggregationRule.clusterRoleSelectors'

function validateAggregation(rule: AggregationRule | undefined): FieldError[] {
  if (!rule) return []
  const { clusterRoleSelectors: selectors = [] } = rule
  if (selectors.length === 0) {
    const detail = 'at least one clusterRoleSelector required if aggregationRule is non-nil'
    return [required(selectorsField, detail)]
  }
  return selectors.flatMap((selector, index) =>
    validateLabelSelector(selector, `${selectorsField}[${index}]`),
  )
}

export const clusterRoles = defineResource<ClusterRole>({
  group,
  version: 'v1',
  kind: 'ClusterRole',
  resource: 'clusterroles',
  namespaced: false,
  allowCreateOnUpdate: true,
  nameRule: 'pathSegment',
  columns: [nameColumn, createdAtColumn],
  validate: ({ rules, aggregationRule }) => [
    ...validateRules(rules, false),
    ...validateAggregation(aggregationRule),
  ],
})
