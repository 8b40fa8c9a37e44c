// One attempt to find a node for a Pod: which nodes will do, which of those is best. Follows upstream's
// scheduling cycle (pkg/scheduler/schedule_one.go), which in a large cluster looks only until it has found
// enough nodes that will do.

import type { PluginCycle, Rejection, SchedulerPlugin } from './plugins/plugin.ts'
import type { PendingPod } from './podinfo.ts'
import type { NodeInfo, Snapshot } from './snapshot.ts'

export interface PreparedPlugin {
  readonly plugin: SchedulerPlugin
  readonly cycle: PluginCycle
}

export interface NodeRejection extends Rejection {
  readonly plugin: SchedulerPlugin
}

export interface Fit {
  /** Undefined when no node will do. */
  readonly node: NodeInfo | undefined
  readonly rejections: ReadonlyMap<NodeInfo, NodeRejection>
}

export interface FindOptions {
  readonly plugins: readonly SchedulerPlugin[]
  /** Where to begin, so that successive Pods do not all begin with the same nodes. */
  readonly start: number
  /** 0 <= x < 1; decides between nodes that are equally good. */
  readonly random: () => number
}

const fewestNodes = 100
const lowestPercentage = 5

/**
 * Upstream's adaptive percentageOfNodesToScore: all of up to 100 nodes, 42 % of 1,000, 5 % of very many.
 */
export function enoughNodes(count: number): number {
  if (count <= fewestNodes) return count
  const percentage = Math.max(lowestPercentage, 50 - Math.trunc(count / 125))
  return Math.max(fewestNodes, Math.trunc((count * percentage) / 100))
}

export function preparePlugins(
  plugins: readonly SchedulerPlugin[],
  pod: PendingPod,
  snapshot: Snapshot,
): PreparedPlugin[] {
  const prepared: PreparedPlugin[] = []
  for (const plugin of plugins) {
    const cycle = plugin.prepare(pod, snapshot)
    if (cycle) prepared.push({ plugin, cycle })
  }
  return prepared
}

/** The first rejection of a node; undefined when it will do. */
export function filterNode(node: NodeInfo, prepared: readonly PreparedPlugin[]): NodeRejection | undefined {
  for (const { plugin, cycle } of prepared) {
    const rejection = cycle.filter?.(node)
    if (rejection) return { ...rejection, plugin }
  }
  return undefined
}

function scoreNodes(nodes: readonly NodeInfo[], prepared: readonly PreparedPlugin[]): readonly number[] {
  const totals: number[] = new Array(nodes.length).fill(0)
  const scores: number[] = new Array(nodes.length).fill(0)
  for (const { plugin, cycle } of prepared) {
    if (!cycle.score) continue
    for (let index = 0; index < nodes.length; index++) scores[index] = cycle.score(nodes[index]!)
    cycle.normalize?.(scores, nodes)
    for (let index = 0; index < nodes.length; index++) totals[index]! += scores[index]! * plugin.weight
  }
  return totals
}

/** The node with the highest score, at random among equals. */
function best(
  nodes: readonly NodeInfo[],
  totals: readonly number[],
  random: () => number,
): NodeInfo | undefined {
  let chosen = 0
  let equals = 1
  for (let index = 1; index < nodes.length; index++) {
    if (totals[index]! > totals[chosen]!) {
      chosen = index
      equals = 1
    } else if (totals[index] === totals[chosen]) {
      equals++
      if (random() * equals < 1) chosen = index
    }
  }
  return nodes[chosen]
}

export function findNode(pod: PendingPod, snapshot: Snapshot, options: FindOptions): Fit {
  const { nodes } = snapshot
  const prepared = preparePlugins(options.plugins, pod, snapshot)
  const filters = prepared.filter(({ cycle }) => cycle.filter)
  const enough = enoughNodes(nodes.length)
  const feasible: NodeInfo[] = []
  const rejections = new Map<NodeInfo, NodeRejection>()
  for (let count = 0; count < nodes.length && feasible.length < enough; count++) {
    const node = nodes[(options.start + count) % nodes.length]!
    const rejection = filterNode(node, filters)
    if (rejection) rejections.set(node, rejection)
    else feasible.push(node)
  }
  if (feasible.length <= 1) return { node: feasible[0], rejections }
  return { node: best(feasible, scoreNodes(feasible, prepared), options.random), rejections }
}
