// ClusterRole: what may be done in all namespaces and outside of any.
import type { ClusterRole } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { createdAtColumn, nameColumn } from '../columns.ts'
import { group } from './binding.ts'
import { validateRules } from './role.ts'

export const clusterRoles = defineResource<ClusterRole>({
  group,
  version: 'v1',
  kind: 'ClusterRole',
  resource: 'clusterroles',
  namespaced: false,
  nameRule: 'pathSegment',
  columns: [nameColumn, createdAtColumn],
  validate: ({ rules }) => validateRules(rules, false),
})
