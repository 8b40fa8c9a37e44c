// Fills ClusterRoles that have an aggregationRule with the rules of the ClusterRoles that it selects:
// kube-controller-manager's clusterrole-aggregation-controller.
import { aggregatedRules } from '../api/resources/rbac.authorization.k8s.io/aggregation.ts'
import { defineController, onChange } from './controller.ts'
import { clusterRoles } from './resources.ts'
import { sameValue } from './samevalue.ts'

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
    const rules = aggregatedRules(role, cache.list(clusterRoles))
    if (sameValue(role.rules ?? [], rules)) return
    await client.patch(clusterRoles, { name: role.metadata?.name ?? '' }, { rules })
  },
})
