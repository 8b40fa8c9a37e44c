// What is known of a node's health: when it last gave a sign of life, the conditions that follow from
// silence, and the taints that follow from the conditions. Pure; numbers, reasons and messages are those
// of upstream's pkg/controller/nodelifecycle (node-monitor-grace-period 50 s since Kubernetes 1.32).
import type { Lease, Node, NodeCondition, Taint } from '../api/generated/types.ts'
import { findCondition } from '../api/meta/conditions.ts'
import { formatTime } from '../api/meta/timestamps.ts'

export const defaultGraceMs = 50_000
export const startupGraceMs = 60_000

const unreachableTaint = 'node.kubernetes.io/unreachable'
const notReadyTaint = 'node.kubernetes.io/not-ready'
/** Condition -> the status that calls for the taint, and its key. */
const conditionTaints: readonly (readonly [type: string, status: string, key: string])[] = [
  ['Ready', 'False', notReadyTaint],
  ['Ready', 'Unknown', unreachableTaint],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
]
const unschedulableTaint = 'node.kubernetes.io/unschedulable'
const managed = new Set([unschedulableTaint, ...conditionTaints.map(([, , key]) => key)])
const reportedByKubelet = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

export const readyStatus = (node: Node): string =>
  findCondition(node.status?.conditions, 'Ready')?.status ?? 'Unknown'

/** Remembers the last sign of life of every node: a new heartbeat in its status, or a renewed lease. */
export class Heartbeats {
  readonly #seen = new Map<
    string,
    { heartbeat: string | undefined; renewed: string | undefined; atMs: number }
  >()

  /** When the node gave its last sign of life, by our own clock. */
  observe(node: Node, lease: Lease | undefined, nowMs: number): number {
    const name = node.metadata.name ?? ''
    const heartbeat = findCondition(node.status?.conditions, 'Ready')?.lastHeartbeatTime
    const renewed = lease?.spec?.renewTime
    const before = this.#seen.get(name)
    if (before?.heartbeat === heartbeat && before?.renewed === renewed && before) return before.atMs
    this.#seen.set(name, { heartbeat, renewed, atMs: nowMs })
    return nowMs
  }

  forget(name: string): void {
    this.#seen.delete(name)
  }
}

/** The conditions of a node that has fallen silent; undefined when they say so already. */
export function silentConditions(node: Node, nowMs: number): NodeCondition[] | undefined {
  if (findCondition(node.status?.conditions, 'Ready')?.status === 'Unknown') return undefined
  const conditions = [...(node.status?.conditions ?? [])]
  const now = formatTime(nowMs)
  for (const type of reportedByKubelet) {
    const index = conditions.findIndex(condition => condition.type === type)
    const current = conditions[index]
    if (!current) {
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: now,
      })
    } else if (current.status !== 'Unknown') {
      conditions[index] = {
        ...current,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: now,
      }
    }
  }
  return conditions
}

/**
 * The taints a node should have; undefined when it has them. `evict`: Pods are to leave nodes that are not
 * ready.
 */
export function planTaints(
  node: Node,
  options: { readonly evict: boolean; readonly nowMs: number },
): Taint[] | undefined {
  const wanted: { key: string; effect: string }[] = []
  for (const [type, status, key] of conditionTaints) {
    if (findCondition(node.status?.conditions, type)?.status !== status) continue
    wanted.push({ key, effect: 'NoSchedule' })
    if (type === 'Ready' && options.evict) wanted.push({ key, effect: 'NoExecute' })
  }
  if (node.spec?.unschedulable) wanted.push({ key: unschedulableTaint, effect: 'NoSchedule' })
  const current = node.spec?.taints ?? []
  const isWanted = (taint: Taint) =>
    wanted.some(({ key, effect }) => key === taint.key && effect === taint.effect)
  const kept = current.filter(taint => !isManaged(taint) || isWanted(taint))
  const added = wanted
    .filter(({ key, effect }) => !kept.some(taint => taint.key === key && taint.effect === effect))
    .map(taint => ({ ...taint, timeAdded: formatTime(options.nowMs) }))
  if (added.length === 0 && kept.length === current.length) return undefined
  return [...kept, ...added]
}

const isManaged = ({ key, effect }: Taint) =>
  managed.has(key) && (effect === 'NoSchedule' || (effect === 'NoExecute' && key !== unschedulableTaint))
