// Watches over the nodes: who falls silent is Unknown, who is not ready is tainted, its Pods are no longer
// ready. kube-controller-manager's node-lifecycle-controller, without its zones.
import type { Node, Pod } from '../api/generated/types.ts'
import { findCondition } from '../api/meta/conditions.ts'
import { formatTime } from '../api/meta/timestamps.ts'
import { isConflict, isNotFound } from '../api/status.ts'
import type { EventRecorder } from '../client/events.ts'
import { type Controller, type ControllerEnvironment, defineController } from './controller.ts'
import {
  defaultGraceMs,
  Heartbeats,
  planTaints,
  readyStatus,
  silentConditions,
  startupGraceMs,
} from './nodehealth.ts'
import { periodic } from './periodic.ts'
import { isPodReady } from './podstate.ts'
import { leases, nodes, pods } from './resources.ts'

export interface NodeLifecycleOptions {
  /** How long a node may be silent. Default 50 s. */
  readonly graceMs?: number
  /** How often the nodes are looked at. Default 5 s. */
  readonly monitorPeriodMs?: number
}

const leaseNamespace = 'kube-node-lease'
const nodeNameIndex = ({ spec }: Pod): readonly string[] => (spec?.nodeName ? [spec.nodeName] : [])

export function podsOnNode(name: string, { cache }: Pick<ControllerEnvironment, 'cache'>): Pod[] {
  const informer = cache.informer(pods)
  informer.addIndex('nodeName', nodeNameIndex)
  return informer.byIndex('nodeName', name)
}

function tell(
  events: EventRecorder,
  node: Node,
  text: { readonly reason: string; readonly message: string },
) {
  events.event({ resource: nodes, object: node }, 'Normal', text)
}

/** As long as no node is ready at all the fault is more likely ours: nobody is driven out. */
const mayEvict = ({ cache }: Pick<ControllerEnvironment, 'cache'>): boolean =>
  cache.list(nodes).some(node => readyStatus(node) === 'True')

/** Follows the conditions of each node: its taints, and whether its Pods count as ready. */
const nodeTaintController: Controller = defineController({
  name: 'node-controller',
  for: nodes,
  reads: [pods],
  async reconcile(node, context) {
    const { client, clock } = context
    const { name = '', resourceVersion } = node.metadata
    if (node.metadata.deletionTimestamp) return
    const evict = mayEvict(context)
    // Whether others are ready changes without this node being told.
    if (!evict) context.enqueueAfter(5000)
    const taints = planTaints(node, { evict, nowMs: clock.now() })
    if (taints) {
      await client.patch(nodes, { name }, { metadata: { resourceVersion }, spec: { taints } })
    }
    if (readyStatus(node) === 'True' || !findCondition(node.status?.conditions, 'Ready')) return
    for (const pod of podsOnNode(name, context)) await markNotReady(pod, context)
  },
})

async function markNotReady(
  pod: Pod,
  {
    client,
    clock,
    events,
  }: Pick<ControllerEnvironment, 'client' | 'clock'> & { readonly events: EventRecorder },
): Promise<void> {
  if (!isPodReady(pod)) return
  const conditions = (pod.status?.conditions ?? []).map(condition =>
    condition.type === 'Ready'
      ? { ...condition, status: 'False', lastTransitionTime: formatTime(clock.now()) }
      : condition,
  )
  const text = { reason: 'NodeNotReady', message: 'Node is not ready' }
  events.event({ resource: pods, object: pod }, 'Warning', text)
  try {
    await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** Looks for nodes that have fallen silent. */
function nodeMonitor(options: NodeLifecycleOptions): Controller {
  const name = 'node-lifecycle-monitor'
  return {
    name,
    create(environment) {
      const { cache, client, clock, log } = environment
      const events = environment.events.recorder('node-controller')
      const heartbeats = new Heartbeats()
      const known = new Map<string, Node>()
      const informer = cache.informer(nodes)
      const watched = [informer, cache.informer(leases)]
      const remove = informer.addHandlers({
        delete: node => heartbeats.forget(node.metadata.name ?? ''),
      })
      async function look(node: Node): Promise<void> {
        const { name = '' } = node.metadata
        const lease = cache.get(leases, { namespace: leaseNamespace, name })
        const nowMs = clock.now()
        const hasStatus = findCondition(node.status?.conditions, 'Ready') !== undefined
        const graceMs = hasStatus ? (options.graceMs ?? defaultGraceMs) : startupGraceMs
        if (nowMs <= heartbeats.observe(node, lease, nowMs) + graceMs) return
        const conditions = silentConditions(node, nowMs)
        if (!conditions) return
        try {
          await client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } })
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error
          return
        }
        const message = `Node ${name} status is now: NodeNotReady`
        if (readyStatus(node) === 'True') tell(events, node, { reason: 'NodeNotReady', message })
      }
      function greet(): void {
        const present = new Map(cache.list(nodes).map(node => [node.metadata.name ?? '', node]))
        for (const [name, node] of present) {
          if (known.has(name)) continue
          const message = `Node ${name} event: Registered Node ${name} in Controller`
          tell(events, node, { reason: 'RegisteredNode', message })
        }
        for (const [name, node] of known) {
          if (present.has(name)) continue
          const message = `Node ${name} event: Removing Node ${name} from Controller`
          tell(events, node, { reason: 'RemovingNode', message })
        }
        known.clear()
        for (const [name, node] of present) known.set(name, node)
      }
      async function run(): Promise<void> {
        if (!watched.every(({ hasSynced }) => hasSynced)) return
        greet()
        await Promise.all(cache.list(nodes).map(look))
      }
      const component = periodic({ name, periodMs: options.monitorPeriodMs ?? 5000, clock, log, run })
      return {
        name,
        start: () => component.start(),
        async stop() {
          remove()
          await component.stop()
        },
      }
    },
  }
}

export const nodeLifecycleControllers = (options: NodeLifecycleOptions = {}): Controller[] => [
  nodeTaintController,
  nodeMonitor(options),
]
