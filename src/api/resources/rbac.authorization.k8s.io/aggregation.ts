// What a ClusterRole with an aggregationRule grants: for the controller that keeps it so, and for the roles
// of a new cluster.
import type { ClusterRole, PolicyRule } from '../../generated/types.ts'
import { labelMatcher } from '../../meta/labels.ts'

/** The rules of the roles that are selected, each rule once, roles in the order of their names. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map(labelMatcher)
  const selected = all
    .filter(other => other.metadata?.name !== role.metadata?.name)
    .filter(other => selectors.some(matches => matches(other.metadata?.labels ?? {})))
    .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))
  const rules = new Map<string, PolicyRule>()
  for (const rule of selected.flatMap(other => other.rules ?? [])) rules.set(JSON.stringify(rule), rule)
  return [...rules.values()]
}
