// Nodes and Pods for the scheduler's tests, as short as they can be written.
import type { Node, NodeSpec, Pod, PodSpec } from '../api/generated/types.ts'
import { type PendingPod, pendingPod, podInfo } from './podinfo.ts'
import { Snapshot } from './snapshot.ts'

export interface NodeShape extends NodeSpec {
  readonly labels?: Record<string, string>
  readonly cpu?: string
  readonly memory?: string
  readonly pods?: string
}

export function testNode(name: string, shape: NodeShape = {}): Node {
  const { labels = {}, cpu = '4', memory = '8Gi', pods = '110', ...spec } = shape
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu, memory, pods } },
  }
}

export interface PodShape extends Partial<PodSpec> {
  readonly labels?: Record<string, string>
  readonly namespace?: string
  readonly cpu?: string
  readonly memory?: string
  readonly started?: string
}

export function testPod(name: string, shape: PodShape = {}): Pod {
  const { labels = {}, namespace = 'ns', cpu, memory, started, ...spec } = shape
  const requests = { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) }
  return {
    metadata: { name, namespace, uid: `uid-${name}`, labels },
    spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
    status: started ? { startTime: started } : {},
  }
}

export const pending = (name: string, shape: PodShape = {}): PendingPod => pendingPod(testPod(name, shape))

/** Nodes, and Pods by the node they are on. */
export function testSnapshot(
  nodes: readonly Node[],
  placed: Readonly<Record<string, readonly Pod[]>> = {},
): Snapshot {
  const snapshot = new Snapshot(namespace => ({ 'kubernetes.io/metadata.name': namespace }))
  for (const node of nodes) snapshot.setNode(node)
  for (const [nodeName, pods] of Object.entries(placed)) {
    for (const pod of pods) snapshot.setPod(podInfo(pod), nodeName)
  }
  return snapshot
}
