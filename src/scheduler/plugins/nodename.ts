// A Pod that names its node goes to no other.
import type { SchedulerPlugin } from './plugin.ts'

const rejection = { reasons: ["node(s) didn't match the requested node name"], unresolvable: true }

export const nodeNamePlugin: SchedulerPlugin = {
  name: 'NodeName',
  weight: 0,
  events: ['NodeAdd'],
  prepare({ pod }) {
    const wanted = pod.spec?.nodeName
    return wanted ? { filter: node => (node.name === wanted ? undefined : rejection) } : undefined
  },
}
