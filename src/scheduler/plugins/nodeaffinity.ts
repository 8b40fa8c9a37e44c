// nodeSelector and nodeAffinity: what a node's labels must be, and what they had better be.
import { compileNodeSelectorTerm, compileNodeSelectorTerms } from '../selectors.ts'
import { normalizeScores, type PluginCycle, type SchedulerPlugin } from './plugin.ts'

const rejection = { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true }
const noLabels: Readonly<Record<string, string>> = {}

export const nodeAffinityPlugin: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  events: ['NodeAdd', 'NodeLabel'],
  prepare({ pod }) {
    const selector = Object.entries(pod.spec?.nodeSelector ?? {})
    const affinity = pod.spec?.affinity?.nodeAffinity
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    let cycle: PluginCycle = {}
    if (selector.length > 0 || required) {
      const matches = required ? compileNodeSelectorTerms(required.nodeSelectorTerms) : () => true
      cycle = {
        filter({ node }) {
          const labels = node?.metadata.labels ?? noLabels
          const fits = selector.every(([key, value]) => labels[key] === value)
          return node && fits && matches(node) ? undefined : rejection
        },
      }
    }
    if (preferred.length > 0) {
      const terms = preferred.map(({ preference, weight }) => ({
        matches: compileNodeSelectorTerm(preference),
        weight,
      }))
      cycle = {
        ...cycle,
        score: ({ node }) =>
          terms.reduce((sum, term) => sum + (node && term.matches(node) ? term.weight : 0), 0),
        normalize: scores => normalizeScores(scores),
      }
    }
    return cycle.filter || cycle.score ? cycle : undefined
  },
}
