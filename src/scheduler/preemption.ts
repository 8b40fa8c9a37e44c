// Preemption: where no node would do, one may once Pods of lower priority have left it. Chooses the node
// and the victims as upstream's DefaultPreemption does: spare whom you can, then hurt the least important
// and the fewest.

import type { SchedulerPlugin } from './plugins/plugin.ts'
import type { PendingPod, PodInfo } from './podinfo.ts'
import { filterNode, type NodeRejection, preparePlugins } from './schedule.ts'
import type { NodeInfo, Snapshot } from './snapshot.ts'

export interface PreemptionPlan {
  readonly node: NodeInfo
  readonly victims: readonly PodInfo[]
}

const mostCandidates = 100

/** More important first: by priority, then by how long it has been running. */
const byImportance = (a: PodInfo, b: PodInfo) =>
  b.priority - a.priority || (a.startTime ?? '~').localeCompare(b.startTime ?? '~')

/**
 * Whom a Pod would drive out of one node; undefined when that would not help. Leaves the snapshot as it
 * was.
 */
function planVictims(
  pod: PendingPod,
  node: NodeInfo,
  context: { readonly snapshot: Snapshot; readonly plugins: readonly SchedulerPlugin[] },
): readonly PodInfo[] | undefined {
  const { snapshot, plugins } = context
  const fits = () => filterNode(node, preparePlugins(plugins, pod, snapshot)) === undefined
  const lower = [...node.pods.values()].filter(other => other.priority < pod.priority).sort(byImportance)
  if (lower.length === 0) return undefined
  const assumed = new Set(lower.filter(other => snapshot.isAssumed(other.key)))
  const putBack = (other: PodInfo) =>
    assumed.has(other) ? snapshot.assume(other, node.name) : snapshot.setPod(other, node.name)
  for (const other of lower) snapshot.removePod(other.key)
  const victims: PodInfo[] = []
  const helps = fits()
  for (const other of lower) {
    putBack(other)
    if (!helps || fits()) continue
    snapshot.removePod(other.key)
    victims.push(other)
  }
  for (const other of victims) putBack(other)
  return helps && victims.length > 0 ? victims : undefined
}

/** Negative: `a` does less harm. */
function compareHarm(a: PreemptionPlan, b: PreemptionPlan): number {
  const highest = (plan: PreemptionPlan) => Math.max(...plan.victims.map(victim => victim.priority))
  const sum = (plan: PreemptionPlan) =>
    plan.victims.reduce((total, victim) => total + victim.priority + 2 ** 31, 0)
  const earliest = (plan: PreemptionPlan) =>
    plan.victims
      .filter(victim => victim.priority === highest(plan))
      .map(victim => victim.startTime ?? '~')
      .sort()[0] ?? '~'
  return (
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    earliest(b).localeCompare(earliest(a))
  )
}

/** Undefined when nobody's leaving would help. */
export function planPreemption(
  pod: PendingPod,
  rejections: ReadonlyMap<NodeInfo, NodeRejection>,
  context: { readonly snapshot: Snapshot; readonly plugins: readonly SchedulerPlugin[] },
): PreemptionPlan | undefined {
  let chosen: PreemptionPlan | undefined
  let candidates = 0
  for (const [node, rejection] of rejections) {
    if (rejection.unresolvable || candidates >= mostCandidates) continue
    const victims = planVictims(pod, node, context)
    if (!victims) continue
    candidates++
    const plan = { node, victims }
    if (!chosen || compareHarm(plan, chosen) < 0) chosen = plan
  }
  return chosen
}
