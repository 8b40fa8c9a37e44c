// Selectors that cannot be read would fail in whoever uses them, for all objects: no kind takes them.
import { expect, test } from 'vitest'
import type { ClusterRole, LabelSelector, PodDisruptionBudget } from '../generated/types.ts'
import { daemonSets } from './apps/daemonset.ts'
import { deployments } from './apps/deployment.ts'
import { statefulSets } from './apps/statefulset.ts'
import { jobs } from './batch/job.ts'
import { podDisruptionBudgets } from './policy/poddisruptionbudget.ts'
import { clusterRoles } from './rbac.authorization.k8s.io/clusterrole.ts'

const broken: LabelSelector = { matchExpressions: [{ key: 'a', operator: 'Near' as never }] }
const messages = (errors: readonly { field: string; message: string }[] | undefined) =>
  errors?.map(({ field, message }) => `${field}: ${message}`)

function budget(spec: PodDisruptionBudget['spec']) {
  return messages(podDisruptionBudgets.validate?.({ metadata: { name: 'a' }, spec } as PodDisruptionBudget))
}

test('A PodDisruptionBudget has a selector that can be read, and shares that make sense', () => {
  expect(budget({ selector: broken })).toEqual([
    'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
  ])
  expect(budget({ minAvailable: '101%' })).toEqual([
    'spec.minAvailable: Invalid value: "101%": must not be greater than 100%',
  ])
  expect(budget({ maxUnavailable: -1 })).toEqual([
    'spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0',
  ])
  expect(budget({ minAvailable: 'x' })?.[0]).toMatch(
    /^spec.minAvailable: Invalid value: "x": a valid percent/,
  )
  expect(budget({ unhealthyPodEvictionPolicy: 'Never' as never })).toEqual([
    'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": ' +
      'supported values: "AlwaysAllow", "IfHealthyBudget"',
  ])
  expect(budget({ minAvailable: '50%', selector: {}, unhealthyPodEvictionPolicy: 'AlwaysAllow' })).toEqual([])
})

test('A ClusterRole gathers others by selectors that can be read', () => {
  const role = (aggregationRule: ClusterRole['aggregationRule']) =>
    messages(clusterRoles.validate?.({ metadata: { name: 'a' }, rules: [], aggregationRule } as ClusterRole))
  expect(role({ clusterRoleSelectors: [broken] })).toEqual([
    'aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: ' +
      'Invalid value: "Near": not a valid selector operator',
  ])
  expect(role({})).toEqual([
    'aggregationRule.clusterRoleSelectors: Required value: ' +
      'at least one clusterRoleSelector required if aggregationRule is non-nil',
  ])
})

test.each([
  ['DaemonSet', daemonSets],
  ['StatefulSet', statefulSets],
  ['Deployment', deployments],
  ['Job', jobs],
] as const)('A %s with a selector that cannot be read is refused with what is wrong', (_, resource) => {
  const spec = { selector: broken, template: { spec: { containers: [{ name: 'a', image: 'a' }] } } }
  const found = messages(resource.validate?.({ metadata: { name: 'a' }, spec } as never))
  expect(found).toContain(
    'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
  )
})
