// The scheduler's picture of the cluster: every node with what its Pods request, kept up to date one event
// at a time and including Pods that are assumed to be bound while their binding is still under way.
import type { Node } from '../api/generated/types.ts'
import {
  type HostPort,
  type NamespaceLabels,
  type PodInfo,
  type Resources,
  resourceAmount,
} from './podinfo.ts'

const everyAddress = (ip: string) => ip === '' || /^[0.:]+$/.test(ip)

export class NodeInfo {
  readonly name: string
  /** Absent while only Pods on it are known. */
  node: Node | undefined
  allocatable: Resources = {}
  readonly requested: Record<string, number> = {}
  nonZeroCPU = 0
  nonZeroMemory = 0
  readonly pods = new Map<string, PodInfo>()
  readonly podsWithAffinity = new Map<string, PodInfo>()
  readonly podsWithRequiredAntiAffinity = new Map<string, PodInfo>()
  #hostPorts: HostPort[] = []

  constructor(name: string) {
    this.name = name
  }

  setNode(node: Node): void {
    this.node = node
    const allocatable: Record<string, number> = {}
    const texts = node.status?.allocatable ?? {}
    for (const name in texts) allocatable[name] = resourceAmount(name, texts[name] ?? '0')
    this.allocatable = allocatable
  }

  add(info: PodInfo): void {
    this.remove(info.key)
    this.pods.set(info.key, info)
    this.#count(info, 1)
    if (info.hostPorts.length > 0) this.#hostPorts.push(...info.hostPorts)
    if (info.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.set(info.key, info)
    if (hasAffinity(info)) this.podsWithAffinity.set(info.key, info)
  }

  remove(key: string): void {
    const info = this.pods.get(key)
    if (!info) return
    this.pods.delete(key)
    this.#count(info, -1)
    this.podsWithAffinity.delete(key)
    this.podsWithRequiredAntiAffinity.delete(key)
    if (info.hostPorts.length > 0) this.#hostPorts = [...this.pods.values()].flatMap(pod => pod.hostPorts)
  }

  hasPortConflict(wanted: readonly HostPort[]): boolean {
    return this.#hostPorts.some(used =>
      wanted.some(
        want =>
          want.port === used.port &&
          want.protocol === used.protocol &&
          (want.ip === used.ip || everyAddress(want.ip) || everyAddress(used.ip)),
      ),
    )
  }

  /** A picture of its own to try things on, as preemption does. */
  copy(): NodeInfo {
    const copy = new NodeInfo(this.name)
    copy.node = this.node
    copy.allocatable = this.allocatable
    for (const info of this.pods.values()) copy.add(info)
    return copy
  }

  #count(info: PodInfo, sign: 1 | -1): void {
    for (const name in info.requests) {
      this.requested[name] = (this.requested[name] ?? 0) + sign * (info.requests[name] ?? 0)
    }
    this.nonZeroCPU += sign * info.nonZeroCPU
    this.nonZeroMemory += sign * info.nonZeroMemory
  }
}

const hasAffinity = (info: PodInfo) =>
  info.requiredAffinity.length +
    info.requiredAntiAffinity.length +
    info.preferredAffinity.length +
    info.preferredAntiAffinity.length >
  0

export class Snapshot {
  /** Nodes that exist, in order of arrival. */
  readonly nodes: NodeInfo[] = []
  readonly namespaceLabels: NamespaceLabels
  readonly #byName = new Map<string, NodeInfo>()
  readonly #nodeOfPod = new Map<string, NodeInfo>()
  readonly #assumed = new Set<string>()
  /** How many Pods on all nodes have affinity terms of their own; most clusters have none. */
  podsWithAffinity = 0
  podsWithRequiredAntiAffinity = 0
  /** How many nodes have taints, and how many are cordoned: mostly none, and then nobody need look. */
  nodesWithTaints = 0
  cordonedNodes = 0

  constructor(namespaceLabels: NamespaceLabels = () => ({})) {
    this.namespaceLabels = namespaceLabels
  }

  get(name: string): NodeInfo | undefined {
    const info = this.#byName.get(name)
    return info?.node ? info : undefined
  }

  setNode(node: Node): void {
    const info = this.#infoOf(node.metadata.name ?? '')
    if (info.node) this.#countHindrances(info.node, -1)
    else this.nodes.push(info)
    info.setNode(node)
    this.#countHindrances(node, 1)
  }

  removeNode(name: string): void {
    const info = this.#byName.get(name)
    if (!info) return
    if (info.node) this.#countHindrances(info.node, -1)
    info.node = undefined
    const index = this.nodes.indexOf(info)
    if (index >= 0) this.nodes.splice(index, 1)
    if (info.pods.size === 0) this.#byName.delete(name)
  }

  /** A Pod that the API says is on a node. */
  setPod(info: PodInfo, nodeName: string): void {
    this.#assumed.delete(info.key)
    this.#place(info, nodeName)
  }

  /** A Pod that will be on a node once its binding is through. */
  assume(info: PodInfo, nodeName: string): void {
    this.#assumed.add(info.key)
    this.#place(info, nodeName)
  }

  isAssumed(key: string): boolean {
    return this.#assumed.has(key)
  }

  /** The binding failed. */
  forget(key: string): void {
    if (this.#assumed.has(key)) this.removePod(key)
  }

  removePod(key: string): void {
    this.#assumed.delete(key)
    const node = this.#nodeOfPod.get(key)
    const info = node?.pods.get(key)
    if (!node || !info) return
    this.#nodeOfPod.delete(key)
    node.remove(key)
    this.#countAffinity(info, -1)
    if (!node.node && node.pods.size === 0) this.#byName.delete(node.name)
  }

  #place(info: PodInfo, nodeName: string): void {
    this.#takeAway(info.key)
    const node = this.#infoOf(nodeName)
    node.add(info)
    this.#nodeOfPod.set(info.key, node)
    this.#countAffinity(info, 1)
  }

  #takeAway(key: string): void {
    const assumed = this.#assumed.has(key)
    this.removePod(key)
    if (assumed) this.#assumed.add(key)
  }

  #countAffinity(info: PodInfo, sign: 1 | -1): void {
    if (hasAffinity(info)) this.podsWithAffinity += sign
    if (info.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity += sign
  }

  #countHindrances({ spec }: Node, sign: 1 | -1): void {
    if (spec?.taints?.length) this.nodesWithTaints += sign
    if (spec?.unschedulable) this.cordonedNodes += sign
  }

  #infoOf(name: string): NodeInfo {
    let info = this.#byName.get(name)
    if (!info) {
      info = new NodeInfo(name)
      this.#byName.set(name, info)
    }
    return info
  }
}
