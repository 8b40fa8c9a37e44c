// What a scheduler plugin is. `prepare` looks at the Pod once per attempt and says what it will ask each
// node; a plugin that has nothing to say about a Pod returns nothing and costs nothing.
import type { PendingPod } from '../podinfo.ts'
import type { ClusterEvent } from '../queue.ts'
import type { NodeInfo, Snapshot } from '../snapshot.ts'

export interface Rejection {
  /** As upstream words them: `Insufficient cpu`. */
  readonly reasons: readonly string[]
  /** No Pod that could be evicted would change it. */
  readonly unresolvable?: boolean
}

export interface PluginCycle {
  /** Undefined: the node will do. */
  readonly filter?: (node: NodeInfo) => Rejection | undefined
  /** Any number; `normalize` brings the numbers of all candidates to 0..100, in place. */
  readonly score?: (node: NodeInfo) => number
  readonly normalize?: (scores: number[], nodes: readonly NodeInfo[]) => void
}

export interface SchedulerPlugin {
  readonly name: string
  /** How much its score counts. */
  readonly weight: number
  /** The events after which a Pod that it rejected is worth another attempt. */
  readonly events: readonly ClusterEvent[]
  prepare(pod: PendingPod, snapshot: Snapshot): PluginCycle | undefined
}

export const maxScore = 100

/** Scales so that the highest becomes 100; with `reverse` that one becomes 0. */
export function normalizeScores(scores: number[], options: { readonly reverse?: boolean } = {}): void {
  let highest = 0
  for (const score of scores) if (score > highest) highest = score
  for (let index = 0; index < scores.length; index++) {
    const share = highest === 0 ? 0 : Math.trunc((scores[index]! * maxScore) / highest)
    scores[index] = options.reverse ? maxScore - share : share
  }
}
