// Counts how many Pods a PodDisruptionBudget lets go at the moment: kube-controller-manager's disruption
// controller. Evictions are allowed by this number.
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../api/generated/types.ts'
import { withCondition } from '../api/meta/conditions.ts'
import { labelMatcher } from '../api/meta/labels.ts'
import { controllerOf } from '../api/meta/owners.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import { podDisruptionBudgets } from '../api/resources/policy/poddisruptionbudget.ts'
import type { Cache } from './cache.ts'
import { defineController, onChange } from './controller.ts'
import { isPodActive, isPodReady } from './podstate.ts'
import { deployments, pods, replicaSets, statefulSets } from './resources.ts'
import { scaledValue } from './rollout.ts'
import { sameStatus } from './samevalue.ts'

/** An eviction that has not led to a deletion after so long did not happen. */
const evictionTimeoutMs = 120_000

/** How many Pods the controller of a Pod wants; undefined when nobody can say. */
function scaleOf(pod: Pod, cache: Cache): { uid: string; replicas: number } | undefined {
  const owner = controllerOf(pod)
  const { namespace } = pod.metadata
  if (owner?.kind === 'StatefulSet') {
    const set = cache.get(statefulSets, { namespace, name: owner.name })
    return set && { uid: owner.uid, replicas: set.spec?.replicas ?? 1 }
  }
  if (owner?.kind !== 'ReplicaSet') return undefined
  const set = cache.get(replicaSets, { namespace, name: owner.name })
  const above = set && controllerOf(set)
  const deployment = above && cache.get(deployments, { namespace, name: above.name })
  if (above && deployment) return { uid: above.uid, replicas: deployment.spec?.replicas ?? 1 }
  return set && { uid: owner.uid, replicas: set.spec?.replicas ?? 1 }
}

export interface Expected {
  readonly expectedPods: number
  readonly desiredHealthy: number
}

/** `replicas` is what the controllers of the Pods want together; undefined when one of them cannot say. */
export function planExpected(
  { spec }: PodDisruptionBudget,
  matching: number,
  replicas: number | undefined,
): Expected | undefined {
  if (spec?.maxUnavailable !== undefined) {
    if (replicas === undefined) return undefined
    const unavailable = scaledValue(spec.maxUnavailable, replicas, 'up')
    return { expectedPods: replicas, desiredHealthy: Math.max(0, replicas - unavailable) }
  }
  if (typeof spec?.minAvailable === 'string') {
    if (replicas === undefined) return undefined
    return { expectedPods: replicas, desiredHealthy: scaledValue(spec.minAvailable, replicas, 'up') }
  }
  return { expectedPods: matching, desiredHealthy: spec?.minAvailable ?? 0 }
}

function stillDisrupted(
  budget: PodDisruptionBudget,
  chosen: readonly Pod[],
  nowMs: number,
): Record<string, string> {
  const waiting = Object.entries(budget.status?.disruptedPods ?? {}).filter(([name, time]) => {
    const pod = chosen.find(({ metadata }) => metadata.name === name)
    return pod && isPodActive(pod) && nowMs - (parseTime(time) ?? 0) < evictionTimeoutMs
  })
  return Object.fromEntries(waiting)
}

export function planBudgetStatus(
  budget: PodDisruptionBudget,
  chosen: readonly Pod[],
  options: { readonly replicas: number | undefined; readonly nowMs: number },
): PodDisruptionBudgetStatus {
  const disrupted = stillDisrupted(budget, chosen, options.nowMs)
  const isHealthy = (pod: Pod) =>
    isPodReady(pod) && isPodActive(pod) && disrupted[pod.metadata.name ?? ''] === undefined
  const currentHealthy = chosen.filter(isHealthy).length
  const expected = planExpected(budget, chosen.length, options.replicas)
  const { expectedPods = 0, desiredHealthy = 0 } = expected ?? {}
  const allowed = expected && expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0
  const generation = budget.metadata.generation ?? 0
  const reason = !expected ? 'SyncFailed' : allowed > 0 ? 'SufficientPods' : 'InsufficientPods'
  const condition = {
    type: 'DisruptionAllowed',
    status: allowed > 0 ? 'True' : 'False',
    reason,
    message: expected ? '' : 'found no controllers for some of the pods',
    observedGeneration: generation,
    lastTransitionTime: '',
  }
  const conditions = budget.status?.conditions ?? []
  const { lastTransitionTime: _, ...next } = condition
  return {
    conditions: [...withCondition(conditions, next as typeof condition, options.nowMs)],
    currentHealthy,
    desiredHealthy,
    ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
    disruptionsAllowed: allowed,
    expectedPods,
    observedGeneration: generation,
  }
}

function budgetsOf(pod: Pod, cache: Cache): string[] {
  const { namespace = '', labels = {} } = pod.metadata
  return cache
    .inNamespace(podDisruptionBudgets, namespace)
    .filter(({ spec }) => labelMatcher(spec?.selector)(labels))
    .map(({ metadata }) => `${namespace}/${metadata.name}`)
}

export const disruptionController = defineController<PodDisruptionBudget>({
  name: 'disruption-controller',
  for: podDisruptionBudgets,
  watches: [onChange(pods, budgetsOf)],
  reads: [deployments, replicaSets, statefulSets],
  async reconcile(budget, { client, cache, clock, enqueueAfter }) {
    const { namespace = '' } = budget.metadata
    const matches = labelMatcher(budget.spec?.selector)
    const chosen = cache
      .inNamespace(pods, namespace)
      .filter(pod => matches(pod.metadata.labels ?? {}) && isPodActive(pod))
    const scales = new Map<string, number>()
    let isKnown = true
    for (const pod of chosen) {
      const scale = scaleOf(pod, cache)
      if (scale) scales.set(scale.uid, scale.replicas)
      else isKnown = false
    }
    const replicas = isKnown ? [...scales.values()].reduce((sum, count) => sum + count, 0) : undefined
    const status = planBudgetStatus(budget, chosen, { replicas, nowMs: clock.now() })
    if (status.disruptedPods) enqueueAfter(evictionTimeoutMs)
    if (!sameStatus(status, budget.status))
      await client.updateStatus(podDisruptionBudgets, { ...budget, status })
  },
})
