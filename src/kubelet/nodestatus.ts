// What a simulated node reports about itself: addresses per family, capacity, conditions with the kubelet's
// reasons and messages, and system information that is made of its name.
import { createHash } from 'node:crypto'
import type { Node, NodeCondition, NodeStatus, Taint } from '../api/generated/types.ts'
import { formatTime } from '../api/meta/timestamps.ts'
import { says } from './podclient.ts'

export interface NodeCapacity {
  readonly cpu: string
  readonly memory: string
  readonly pods: string
  readonly 'ephemeral-storage': string
}

export const defaultCapacity: NodeCapacity = {
  cpu: '8',
  memory: '32Gi',
  pods: '110',
  'ephemeral-storage': '100Gi',
}

export interface NodeDescription {
  readonly name: string
  /** One per family, in the node's order. */
  readonly addresses: readonly string[]
  readonly capacity?: Partial<NodeCapacity>
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  readonly kubeletVersion: string
  readonly containerRuntimeVersion: string
  readonly kubeletPort?: number
}

const noNetwork =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady ' +
  'message:Network plugin returns error: cni plugin not initialized'

export const notReadyTaint: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** All four, heartbeat now; transition times of `known` stay where the status does. */
export function nodeConditions(
  known: readonly NodeCondition[],
  { isReady, nowMs }: { readonly isReady: boolean; readonly nowMs: number },
): NodeCondition[] {
  const now = formatTime(nowMs)
  const condition = (type: string, status: string, text: { reason: string; message: string }) => {
    const previous = known.find(other => other.type === type)
    const lastTransitionTime = previous?.status === status ? (previous.lastTransitionTime ?? now) : now
    return { type, status, lastHeartbeatTime: now, lastTransitionTime, ...text }
  }
  return [
    condition('MemoryPressure', 'False', {
      reason: 'KubeletHasSufficientMemory',
      message: 'kubelet has sufficient memory available',
    }),
    condition('DiskPressure', 'False', {
      reason: 'KubeletHasNoDiskPressure',
      message: 'kubelet has no disk pressure',
    }),
    condition('PIDPressure', 'False', {
      reason: 'KubeletHasSufficientPID',
      message: 'kubelet has sufficient PID available',
    }),
    isReady
      ? condition('Ready', 'True', { reason: 'KubeletReady', message: 'kubelet is posting ready status' })
      : condition('Ready', 'False', { reason: 'KubeletNotReady', message: noNetwork }),
  ]
}

/** 32 hexadecimal digits, the same for the same name. */
const identifier = (kind: string, name: string) =>
  createHash('sha256').update(`${kind}/${name}`).digest('hex').slice(0, 32)

const uuid = (hex: string) =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

export function nodeStatus(description: NodeDescription, conditions: NodeCondition[]): NodeStatus {
  const { name, addresses, kubeletVersion, containerRuntimeVersion } = description
  const capacity = { ...defaultCapacity, ...description.capacity }
  const machine = identifier('machine', name)
  return {
    addresses: [
      { type: 'Hostname', address: name },
      ...addresses.map(address => ({ type: 'InternalIP', address })),
    ],
    capacity,
    allocatable: capacity,
    conditions,
    daemonEndpoints: { kubeletEndpoint: { Port: description.kubeletPort ?? 10250 } },
    nodeInfo: {
      architecture: 'amd64',
      bootID: uuid(identifier('boot', name)),
      containerRuntimeVersion,
      kernelVersion: '6.1.0-simulated',
      kubeProxyVersion: '',
      kubeletVersion,
      machineID: machine,
      operatingSystem: 'linux',
      osImage: 'futago simulated node',
      systemUUID: uuid(machine),
    },
  }
}

/**
 * What a strategic merge patch has to say. Addresses are replaced as a whole: merged by type, as the schema
 * has it, a node would lose one of its families.
 */
export function changedStatus(known: NodeStatus, wanted: NodeStatus): object {
  const { addresses, ...rest } = wanted
  const fields = Object.entries(rest).filter(([key, value]) => !says(known[key as keyof NodeStatus], value))
  const changed = Object.fromEntries(fields)
  return says(known.addresses, addresses)
    ? changed
    : { ...changed, addresses: [...(addresses ?? []), { $patch: 'replace' }] }
}

/** As the kubelet registers it: tainted until it is ready. */
export function newNode(description: NodeDescription, nowMs: number): Node {
  const { name, labels = {}, taints = [] } = description
  return {
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        ...labels,
      },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: { taints: [notReadyTaint, ...taints] },
    status: nodeStatus(description, nodeConditions([], { isReady: false, nowMs })),
  }
}
