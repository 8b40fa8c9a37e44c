// The plugins in the order in which they are asked; the first that rejects a node has the say.
import { balancedAllocationPlugin } from './balancedallocation.ts'
import { interPodAffinityPlugin } from './interpodaffinity.ts'
import { nodeAffinityPlugin } from './nodeaffinity.ts'
import { nodeNamePlugin } from './nodename.ts'
import { nodePortsPlugin } from './nodeports.ts'
import { nodeResourcesFitPlugin } from './noderesourcesfit.ts'
import { nodeUnschedulablePlugin } from './nodeunschedulable.ts'
import type { SchedulerPlugin } from './plugin.ts'
import { podTopologySpreadPlugin } from './podtopologyspread.ts'
import { taintTolerationPlugin } from './tainttoleration.ts'

export const schedulerPlugins: readonly SchedulerPlugin[] = [
  nodeUnschedulablePlugin,
  nodeNamePlugin,
  taintTolerationPlugin,
  nodeAffinityPlugin,
  nodePortsPlugin,
  nodeResourcesFitPlugin,
  podTopologySpreadPlugin,
  interPodAffinityPlugin,
  balancedAllocationPlugin,
]
