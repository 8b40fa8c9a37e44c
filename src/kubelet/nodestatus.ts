// What a node reports about itself: addresses per family, capacity, conditions with the kubelet's reasons and
// messages, and system information: the machine's, or what is made of a simulated node's name.
import { createHash } from 'node:crypto'
import type { Node, NodeCondition, NodeStatus, NodeSystemInfo, Taint } from '../api/generated/types.ts'
import { canonicalQuantity } from '../api/meta/quantity.ts'
import { formatTime } from '../api/meta/timestamps.ts'
import type { Machine } from '../host/machine.ts'
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
  readonly annotations?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  readonly kubeletVersion: string
  readonly containerRuntimeVersion: string
  readonly kubeletPort?: number
  /** Absent: the node is simulated. */
  readonly machine?: Machine
}

const mostPods = '110'
const kibibytes = (bytes: number) => canonicalQuantity(`${Math.floor(bytes / 1024)}Ki`)

/** All that the machine has; what the system needs for itself is not set aside. */
const machineCapacity = ({ processors, memoryBytes, diskBytes }: Machine): NodeCapacity => ({
  cpu: String(processors),
  memory: kibibytes(memoryBytes),
  pods: mostPods,
  'ephemeral-storage': kibibytes(diskBytes),
})

export const capacityOf = ({ machine, capacity }: NodeDescription): Record<string, string> => ({
  ...(machine ? machineCapacity(machine) : defaultCapacity),
  ...capacity,
})

/** Why a node is not ready that has no ranges for its Pods yet. */
export const noNetwork =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady ' +
  'message:Network plugin returns error: cni plugin not initialized'

export const notReadyTaint: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** All four, heartbeat now; ready without a reason why not. Transition times stay where the status does. */
export function nodeConditions(
  known: readonly NodeCondition[],
  { notReady, nowMs }: { readonly notReady: string | undefined; readonly nowMs: number },
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
    notReady === undefined
      ? condition('Ready', 'True', { reason: 'KubeletReady', message: 'kubelet is posting ready status' })
      : condition('Ready', 'False', { reason: 'KubeletNotReady', message: notReady }),
  ]
}

/** 32 hexadecimal digits, the same for the same name. */
const identifier = (kind: string, name: string) =>
  createHash('sha256').update(`${kind}/${name}`).digest('hex').slice(0, 32)

const uuid = (hex: string) =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

const simulatedSystem = (name: string) => {
  const machine = identifier('machine', name)
  return {
    architecture: 'amd64',
    bootID: uuid(identifier('boot', name)),
    kernelVersion: '6.1.0-simulated',
    machineID: machine,
    osImage: 'futago simulated node',
    systemUUID: uuid(machine),
  }
}

function systemInfo(description: NodeDescription): NodeSystemInfo {
  const { name, machine, kubeletVersion, containerRuntimeVersion } = description
  const { architecture, bootID, kernelVersion, machineID, osImage, systemUUID } =
    machine ?? simulatedSystem(name)
  return {
    architecture,
    bootID,
    containerRuntimeVersion,
    kernelVersion,
    kubeProxyVersion: '',
    kubeletVersion,
    machineID,
    operatingSystem: 'linux',
    osImage,
    systemUUID,
  }
}

export function nodeStatus(description: NodeDescription, conditions: NodeCondition[]): NodeStatus {
  const { name, addresses } = description
  const capacity = capacityOf(description)
  return {
    addresses: [
      { type: 'Hostname', address: name },
      ...addresses.map(address => ({ type: 'InternalIP', address })),
    ],
    capacity,
    allocatable: capacity,
    conditions,
    daemonEndpoints: { kubeletEndpoint: { Port: description.kubeletPort ?? 10250 } },
    nodeInfo: systemInfo(description),
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
  const { name, labels = {}, annotations = {}, taints = [], machine } = description
  const architecture = machine?.architecture ?? 'amd64'
  return {
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': architecture,
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': architecture,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        ...labels,
      },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true', ...annotations },
    },
    spec: { taints: [notReadyTaint, ...taints] },
    status: nodeStatus(description, nodeConditions([], { notReady: noNetwork, nowMs })),
  }
}
