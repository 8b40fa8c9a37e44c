// Prefers nodes on which CPU and memory would be used in equal shares.
import { maxScore, type SchedulerPlugin } from './plugin.ts'

export const balancedAllocationPlugin: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  events: [],
  prepare({ requests }) {
    const cpu = requests.cpu ?? 0
    const memory = requests.memory ?? 0
    // A Pod that requests nothing changes no balance.
    if (cpu === 0 && memory === 0) return undefined
    const share = (used: number, capacity: number) => Math.min(1, used / capacity)
    return {
      score(node) {
        const { cpu: cpuCapacity = 0, memory: memoryCapacity = 0 } = node.allocatable
        if (cpuCapacity === 0 || memoryCapacity === 0) return 0
        const difference =
          share((node.requested.cpu ?? 0) + cpu, cpuCapacity) -
          share((node.requested.memory ?? 0) + memory, memoryCapacity)
        return Math.trunc((1 - Math.abs(difference) / 2) * maxScore)
      },
    }
  },
}
