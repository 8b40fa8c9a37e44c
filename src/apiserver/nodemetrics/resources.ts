// The kinds of metrics.k8s.io/v1beta1, which `kubectl top` and the horizontal Pod autoscaler ask for
// (k8s.io/metrics). They are made of what kubelets say, when somebody asks; nothing is stored.
import type { ObjectMeta } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { column, defineResource } from '../../api/resource.ts'

export interface MeasuredUsage {
  /** In nanocores: `1234n`. */
  readonly cpu: string
  /** `56Ki`. */
  readonly memory: string
}

export interface NodeMetrics extends KubeObject {
  metadata: ObjectMeta
  timestamp: string
  /** Over which processor time is averaged: `10s`. */
  window: string
  usage: MeasuredUsage
}

export interface PodMetrics extends KubeObject {
  metadata: ObjectMeta
  timestamp: string
  window: string
  containers: readonly { readonly name: string; readonly usage: MeasuredUsage }[]
}

const shared = { group: 'metrics.k8s.io', version: 'v1beta1', verbs: ['get', 'list'] } as const

export const nodeMetrics = defineResource<NodeMetrics>({
  ...shared,
  kind: 'NodeMetrics',
  resource: 'nodes',
  namespaced: false,
  columns: [column('CPU', ({ usage }) => usage.cpu), column('Memory', ({ usage }) => usage.memory)],
})

export const podMetrics = defineResource<PodMetrics>({
  ...shared,
  kind: 'PodMetrics',
  resource: 'pods',
  namespaced: true,
  columns: [column('Containers', ({ containers }) => String(containers.length))],
})
