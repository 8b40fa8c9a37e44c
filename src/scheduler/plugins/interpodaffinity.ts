// Affinity and anti-affinity between Pods: to be, or not to be, in the same domain (node, zone ...) as
// certain others. Required anti-affinity counts in both directions.
import type { AffinityTerm, PodInfo } from '../podinfo.ts'
import type { NodeInfo, Snapshot } from '../snapshot.ts'
import { maxScore, type PluginCycle, type Rejection, type SchedulerPlugin } from './plugin.ts'

const existingAntiAffinity = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] }
const affinityRejection = { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true }
const antiAffinityRejection = { reasons: ["node(s) didn't match pod anti-affinity rules"] }

const domainOf = (node: NodeInfo, { topologyKey }: AffinityTerm) => {
  const value = node.node?.metadata.labels?.[topologyKey]
  return value === undefined ? undefined : `${topologyKey}\0${value}`
}

/** Domains that have a Pod with a required anti-affinity term against this one. */
function repellingDomains(info: PodInfo, snapshot: Snapshot): Set<string> {
  const domains = new Set<string>()
  if (snapshot.podsWithRequiredAntiAffinity === 0) return domains
  for (const node of snapshot.nodes) {
    for (const other of node.podsWithRequiredAntiAffinity.values()) {
      for (const term of other.requiredAntiAffinity) {
        const domain = domainOf(node, term)
        if (domain !== undefined && term.matches(info, snapshot.namespaceLabels)) domains.add(domain)
      }
    }
  }
  return domains
}

/** Domains that have a Pod which the test selects. */
function domainsWith(
  snapshot: Snapshot,
  term: AffinityTerm,
  selects: (other: PodInfo) => boolean,
): Set<string> {
  const domains = new Set<string>()
  for (const node of snapshot.nodes) {
    const domain = domainOf(node, term)
    if (domain === undefined || domains.has(domain)) continue
    for (const other of node.pods.values()) {
      if (!selects(other)) continue
      domains.add(domain)
      break
    }
  }
  return domains
}

function filterOf(info: PodInfo, snapshot: Snapshot): PluginCycle['filter'] {
  const repelling = repellingDomains(info, snapshot)
  const { requiredAffinity, requiredAntiAffinity } = info
  if (requiredAffinity.length + requiredAntiAffinity.length + repelling.size === 0) return undefined
  const { namespaceLabels } = snapshot
  // A Pod is near another only when all terms of its affinity select that one.
  const isWanted = (other: PodInfo) => requiredAffinity.every(term => term.matches(other, namespaceLabels))
  const wanted = requiredAffinity.map(term => domainsWith(snapshot, term, isWanted))
  const unwanted = requiredAntiAffinity.map(term =>
    domainsWith(snapshot, term, other => term.matches(other, namespaceLabels)),
  )
  // The first of a group that is to stay together finds nobody and may go anywhere.
  const isFirst = wanted.every(domains => domains.size === 0) && isWanted(info)
  return (node): Rejection | undefined => {
    for (let index = 0; index < requiredAffinity.length; index++) {
      const domain = domainOf(node, requiredAffinity[index]!)
      if (domain === undefined) return affinityRejection
      if (!isFirst && !wanted[index]!.has(domain)) return affinityRejection
    }
    for (let index = 0; index < requiredAntiAffinity.length; index++) {
      const domain = domainOf(node, requiredAntiAffinity[index]!)
      if (domain !== undefined && unwanted[index]!.has(domain)) return antiAffinityRejection
    }
    const labels = node.node?.metadata.labels ?? {}
    for (const key in repelling.size > 0 ? labels : {}) {
      if (repelling.has(`${key}\0${labels[key]}`)) return existingAntiAffinity
    }
    return undefined
  }
}

const hardAffinityWeight = 1

/** The sum of the weights that speak for or against each domain. */
function domainWeights(info: PodInfo, snapshot: Snapshot): Map<string, number> {
  const weights = new Map<string, number>()
  const { namespaceLabels } = snapshot
  const add = (node: NodeInfo, term: AffinityTerm, weight: number) => {
    const domain = domainOf(node, term)
    if (domain !== undefined) weights.set(domain, (weights.get(domain) ?? 0) + weight)
  }
  const own = info.preferredAffinity.length + info.preferredAntiAffinity.length > 0
  for (const node of snapshot.nodes) {
    for (const other of own ? node.pods.values() : node.podsWithAffinity.values()) {
      for (const term of info.preferredAffinity) {
        if (term.matches(other, namespaceLabels)) add(node, term, term.weight)
      }
      for (const term of info.preferredAntiAffinity) {
        if (term.matches(other, namespaceLabels)) add(node, term, -term.weight)
      }
      for (const term of other.requiredAffinity) {
        if (term.matches(info, namespaceLabels)) add(node, term, hardAffinityWeight)
      }
      for (const term of other.preferredAffinity) {
        if (term.matches(info, namespaceLabels)) add(node, term, term.weight)
      }
      for (const term of other.preferredAntiAffinity) {
        if (term.matches(info, namespaceLabels)) add(node, term, -term.weight)
      }
    }
  }
  return weights
}

function scoreOf(info: PodInfo, snapshot: Snapshot): PluginCycle | undefined {
  const own = info.preferredAffinity.length + info.preferredAntiAffinity.length > 0
  if (!own && snapshot.podsWithAffinity === 0) return undefined
  const weights = domainWeights(info, snapshot)
  if (weights.size === 0) return undefined
  return {
    score(node) {
      const labels = node.node?.metadata.labels ?? {}
      let sum = 0
      for (const key in labels) sum += weights.get(`${key}\0${labels[key]}`) ?? 0
      return sum
    },
    normalize(scores) {
      const lowest = Math.min(...scores)
      const range = Math.max(...scores) - lowest
      for (let index = 0; index < scores.length; index++) {
        scores[index] = range === 0 ? 0 : Math.trunc((maxScore * (scores[index]! - lowest)) / range)
      }
    },
  }
}

export const interPodAffinityPlugin: SchedulerPlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  events: ['NodeAdd', 'NodeLabel', 'PodDelete', 'PodAdd', 'PodUpdate', 'NamespaceUpdate'],
  prepare(info, snapshot) {
    const filter = filterOf(info, snapshot)
    const scoring = scoreOf(info, snapshot)
    return filter || scoring ? { ...scoring, ...(filter ? { filter } : {}) } : undefined
  },
}
