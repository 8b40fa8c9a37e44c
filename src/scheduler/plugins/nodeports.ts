// Host ports: two Pods of one node cannot listen on the same one.
import type { SchedulerPlugin } from './plugin.ts'

const rejection = { reasons: ["node(s) didn't have free ports for the requested pod ports"] }

export const nodePortsPlugin: SchedulerPlugin = {
  name: 'NodePorts',
  weight: 0,
  events: ['NodeAdd', 'PodDelete'],
  prepare({ hostPorts }) {
    if (hostPorts.length === 0) return undefined
    return { filter: node => (node.hasPortConflict(hostPorts) ? rejection : undefined) }
  },
}
