// Taints keep Pods away that do not tolerate them; taints with effect PreferNoSchedule only count against a
// node.
import type { Taint, Toleration } from '../../api/generated/types.ts'
import { normalizeScores, type SchedulerPlugin } from './plugin.ts'

/** component-helpers' ToleratesTaint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true
    case 'Equal':
    case '':
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '')
    case 'Lt':
    case 'Gt': {
      const [left, right] = [Number(taint.value), Number(toleration.value)]
      if (!Number.isInteger(left) || !Number.isInteger(right)) return false
      return toleration.operator === 'Lt' ? left < right : left > right
    }
    default:
      return false
  }
}

const none: readonly never[] = []
const rejection = { reasons: ['node(s) had untolerated taint(s)'], unresolvable: true }

export const taintTolerationPlugin: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,
  events: ['NodeAdd', 'NodeTaint'],
  prepare({ pod }, snapshot) {
    if (snapshot.nodesWithTaints === 0) return undefined
    const tolerations = pod.spec?.tolerations ?? none
    const preferring = tolerations.filter(({ effect }) => !effect || effect === 'PreferNoSchedule')
    const isTolerated = (taint: Taint, by: readonly Toleration[]) => by.some(item => tolerates(item, taint))
    return {
      filter({ node }) {
        for (const taint of node?.spec?.taints ?? none) {
          if (taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations)) return rejection
        }
        return undefined
      },
      score({ node }) {
        let intolerable = 0
        for (const taint of node?.spec?.taints ?? none) {
          if (taint.effect === 'PreferNoSchedule' && !isTolerated(taint, preferring)) intolerable++
        }
        return intolerable
      },
      normalize: scores => normalizeScores(scores, { reverse: true }),
    }
  },
}
