// Topology spread constraints: Pods of a kind are to be spread evenly over zones, nodes or whatever a label
// says (KEP-895; minDomains KEP-3022; inclusion policies KEP-3094; matchLabelKeys KEP-3243).
import type { Pod, TopologySpreadConstraint } from '../../api/generated/types.ts'
import type { PendingPod } from '../podinfo.ts'
import { compileLabelSelector, compileNodeSelectorTerms, type LabelMatcher } from '../selectors.ts'
import type { NodeInfo, Snapshot } from '../snapshot.ts'
import { maxScore, type PluginCycle, type SchedulerPlugin } from './plugin.ts'
import { tolerates } from './tainttoleration.ts'

interface Constraint {
  readonly key: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly matches: LabelMatcher
  /** The Pod itself is one of those that are counted. */
  readonly countsItself: boolean
  readonly includes: (node: NodeInfo) => boolean
}

const missingLabel = {
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
  unresolvable: true,
}
const skewed = { reasons: ["node(s) didn't match pod topology spread constraints"] }

const labelOf = (node: NodeInfo, key: string) => node.node?.metadata.labels?.[key]

function includedNodes(pod: Pod, constraint: TopologySpreadConstraint): (node: NodeInfo) => boolean {
  const selector = Object.entries(pod.spec?.nodeSelector ?? {})
  const terms =
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const matches = terms ? compileNodeSelectorTerms(terms) : () => true
  const honorsAffinity = (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor'
  const honorsTaints = constraint.nodeTaintsPolicy === 'Honor'
  const tolerations = pod.spec?.tolerations ?? []
  return info => {
    const { node } = info
    if (!node) return false
    if (honorsAffinity) {
      if (!selector.every(([key, value]) => labelOf(info, key) === value) || !matches(node)) return false
    }
    if (!honorsTaints) return true
    const taints = node.spec?.taints ?? []
    return taints.every(
      taint => taint.effect === 'PreferNoSchedule' || tolerations.some(item => tolerates(item, taint)),
    )
  }
}

function compile(info: PendingPod, constraint: TopologySpreadConstraint): Constraint {
  const { pod, labels } = info
  const selects = compileLabelSelector(constraint.labelSelector)
  const keys = (constraint.matchLabelKeys ?? []).filter(key => labels[key] !== undefined)
  const matches: LabelMatcher =
    keys.length === 0 ? selects : other => selects(other) && keys.every(key => other[key] === labels[key])
  return {
    key: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    matches,
    countsItself: matches(labels),
    includes: includedNodes(pod, constraint),
  }
}

/** How many matching Pods each domain has; domains are the values of the label. */
function countDomains(
  constraint: Constraint,
  info: PendingPod,
  nodes: readonly NodeInfo[],
  eligible: (node: NodeInfo) => boolean,
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const node of nodes) {
    const domain = labelOf(node, constraint.key)
    if (domain === undefined || !eligible(node) || !constraint.includes(node)) continue
    let count = counts.get(domain) ?? 0
    for (const other of node.pods.values()) {
      if (other.namespace !== info.namespace || other.isTerminating) continue
      if (constraint.matches(other.labels)) count++
    }
    counts.set(domain, count)
  }
  return counts
}

function filterOf(constraints: readonly Constraint[], info: PendingPod, snapshot: Snapshot) {
  const hasAllKeys = (node: NodeInfo) => constraints.every(({ key }) => labelOf(node, key) !== undefined)
  const counted = constraints.map(constraint => {
    const counts = countDomains(constraint, info, snapshot.nodes, hasAllKeys)
    const least = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values())
    return { constraint, counts, least }
  })
  return (node: NodeInfo) => {
    for (const { constraint, counts, least } of counted) {
      const domain = labelOf(node, constraint.key)
      if (domain === undefined) return missingLabel
      const skew = (counts.get(domain) ?? 0) + (constraint.countsItself ? 1 : 0) - least
      if (skew > constraint.maxSkew) return skewed
    }
    return undefined
  }
}

/** Fewer matching Pods in a domain are better; nodes without the label are worst. */
function scoreOf(constraints: readonly Constraint[], info: PendingPod, snapshot: Snapshot): PluginCycle {
  const counted = constraints.map(constraint => {
    const counts = countDomains(constraint, info, snapshot.nodes, () => true)
    return { constraint, counts, weight: Math.log(counts.size + 2) }
  })
  const ignored = -1
  return {
    score(node) {
      let score = 0
      for (const { constraint, counts, weight } of counted) {
        const domain = labelOf(node, constraint.key)
        if (domain === undefined) return ignored
        score += (counts.get(domain) ?? 0) * weight + (constraint.maxSkew - 1)
      }
      return Math.round(score)
    },
    normalize(scores) {
      const known = scores.filter(score => score !== ignored)
      const lowest = Math.min(...known)
      const highest = Math.max(...known)
      for (let index = 0; index < scores.length; index++) {
        const score = scores[index]!
        if (score === ignored) scores[index] = 0
        else if (highest === 0) scores[index] = maxScore
        else scores[index] = Math.trunc((maxScore * (highest + lowest - score)) / highest)
      }
    },
  }
}

export const podTopologySpreadPlugin: SchedulerPlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  events: ['NodeAdd', 'NodeLabel', 'NodeTaint', 'PodDelete', 'PodAdd', 'PodUpdate'],
  prepare(info, snapshot) {
    const all = info.pod.spec?.topologySpreadConstraints
    if (!all?.length) return undefined
    const hard = all.filter(item => item.whenUnsatisfiable !== 'ScheduleAnyway')
    const soft = all.filter(item => item.whenUnsatisfiable === 'ScheduleAnyway')
    const compiled = (items: readonly TopologySpreadConstraint[]) => items.map(item => compile(info, item))
    return {
      ...(soft.length > 0 ? scoreOf(compiled(soft), info, snapshot) : {}),
      ...(hard.length > 0 ? { filter: filterOf(compiled(hard), info, snapshot) } : {}),
    }
  },
}
