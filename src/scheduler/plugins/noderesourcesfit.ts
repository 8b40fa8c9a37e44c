// A node must have what the Pod requests left over, and the emptier it stays the better (LeastAllocated).
import type { NodeInfo } from '../snapshot.ts'
import { maxScore, type SchedulerPlugin } from './plugin.ts'

const tooMany = { reasons: ['Too many pods'] }

const leastRequested = (requested: number, capacity: number) =>
  capacity === 0 || requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxScore) / capacity)

export const nodeResourcesFitPlugin: SchedulerPlugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  events: ['NodeAdd', 'NodeAllocatable', 'PodDelete'],
  prepare({ requests, nonZeroCPU, nonZeroMemory }) {
    const wanted = Object.entries(requests).filter(([, amount]) => amount > 0)
    return {
      filter(node: NodeInfo) {
        const full = node.pods.size + 1 > (node.allocatable.pods ?? 0)
        let reasons: string[] | undefined
        let unresolvable = false
        for (const [name, amount] of wanted) {
          const allocatable = node.allocatable[name] ?? 0
          if (amount <= allocatable - (node.requested[name] ?? 0)) continue
          reasons ??= full ? [...tooMany.reasons] : []
          reasons.push(`Insufficient ${name}`)
          if (amount > allocatable) unresolvable = true
        }
        if (reasons) return { reasons, unresolvable }
        return full ? tooMany : undefined
      },
      score(node: NodeInfo) {
        const cpu = leastRequested(node.nonZeroCPU + nonZeroCPU, node.allocatable.cpu ?? 0)
        const memory = leastRequested(node.nonZeroMemory + nonZeroMemory, node.allocatable.memory ?? 0)
        return Math.trunc((cpu + memory) / 2)
      },
    }
  },
}
