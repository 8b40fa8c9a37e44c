// Why no node would do, in upstream's words: clients, people and autoscalers read this sentence.
import type { NodeRejection } from './schedule.ts'
import type { NodeInfo } from './snapshot.ts'

/** `2 Insufficient cpu, 1 node(s) had untolerated taint(s)`, sorted as upstream sorts it: as text. */
function countReasons(reasons: Iterable<readonly string[]>): string {
  const counts = new Map<string, number>()
  for (const list of reasons) {
    for (const reason of list) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join(', ')
}

export const noNodes = 'no nodes available to schedule pods'

export type PreemptionOutcome =
  /** The Pod's policy forbids it. */
  | 'never'
  /** No node would do if Pods of lower priority left. */
  | 'noVictims'
  | 'found'

/** What preemption has to say: `preemption: 0/2 nodes are available: ...` */
function preemptionText(
  nodeCount: number,
  rejections: ReadonlyMap<NodeInfo, NodeRejection>,
  outcome: PreemptionOutcome,
): string {
  if (outcome === 'found') return ''
  if (outcome === 'never') return ' preemption: not eligible due to preemptionPolicy=Never.'
  const reasons = [...rejections.values()].map(({ unresolvable }) =>
    unresolvable
      ? ['Preemption is not helpful for scheduling']
      : ['No preemption victims found for incoming pod'],
  )
  return ` preemption: 0/${nodeCount} nodes are available: ${countReasons(reasons)}.`
}

export function formatFailure(
  nodeCount: number,
  rejections: ReadonlyMap<NodeInfo, NodeRejection>,
  outcome: PreemptionOutcome,
): string {
  if (nodeCount === 0) return noNodes
  const reasons = countReasons([...rejections.values()].map(rejection => rejection.reasons))
  const preemption = preemptionText(nodeCount, rejections, outcome)
  const claims = outcome === 'noVictims' ? ' no new claims to deallocate,' : ''
  return `0/${nodeCount} nodes are available: ${reasons}.${claims}${preemption}`
}
