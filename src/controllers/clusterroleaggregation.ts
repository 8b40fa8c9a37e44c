// Fills ClusterRoles that have an aggregationRule with the rules of the ClusterRoles that it selects:
// kube-controller-manager's clusterrole-aggregation-controller.
import type { ClusterRole, PolicyRule } from '../api/generated/types.ts'
import { labelMatcher } from '../api/meta/labels.ts'
import { defineController, onChange } from './controller.ts'
import { clusterRoles } from './resources.ts'
import { sameValue } from './samevalue.ts'

/** The rules of the roles that are selected, each rule once, roles in the order of their names. */
export function planAggregation(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map(labelMatcher)
  const selected = all
    .filter(other => other.metadata?.name !== role.metadata?.name)
    .filter(other => selectors.some(matches => matches(other.metadata?.labels ?? {})))
    .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))
  const rules = new Map<string, PolicyRule>()
  for (const rule of selected.flatMap(other => other.rules ?? [])) rules.set(JSON.stringify(rule), rule)
  return [...rules.values()]
}

export const clusterRoleAggregationController = defineController({
  name: 'clusterrole-aggregation-controller',
  for: clusterRoles,
  watches: [
    onChange(clusterRoles, (_role, cache) =>
      cache
        .list(clusterRoles)
        .filter(({ aggregationRule }) => aggregationRule)
        .map(({ metadata }) => metadata?.name ?? ''),
    ),
  ],
  async reconcile(role, { client, cache }) {
    if (!role.aggregationRule || role.metadata?.deletionTimestamp) return
    const rules = planAggregation(role, cache.list(clusterRoles))
    if (sameValue(role.rules ?? [], rules)) return
    await client.patch(clusterRoles, { name: role.metadata?.name ?? '' }, { rules })
  },
})
