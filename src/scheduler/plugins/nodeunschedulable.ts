// Cordoned nodes (`spec.unschedulable`) take only Pods that tolerate being there.

import type { SchedulerPlugin } from './plugin.ts'
import { tolerates } from './tainttoleration.ts'

const rejection = { reasons: ['node(s) were unschedulable'], unresolvable: true }
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

export const nodeUnschedulablePlugin: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  weight: 0,
  events: ['NodeAdd', 'NodeTaint'],
  prepare({ pod }, snapshot) {
    if (snapshot.cordonedNodes === 0) return undefined
    if (pod.spec?.tolerations?.some(toleration => tolerates(toleration, taint))) return undefined
    return { filter: ({ node }) => (node?.spec?.unschedulable ? rejection : undefined) }
  },
}
