// What the scheduler needs to know of a Pod, computed once: what it requests (init containers, sidecars and
// overhead included, as component-helpers' resource package counts), host ports, affinity terms.
import type { Container, Pod, PodAffinityTerm } from '../api/generated/types.ts'
import { quantityMilliValue, quantityValue } from '../api/meta/quantity.ts'
import { compileLabelSelector, type LabelMatcher, type Labels } from './selectors.ts'

/** CPU in thousandths, memory and storage in bytes, everything else in whole numbers. */
export type Resources = Readonly<Record<string, number>>

export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

export interface AffinityTerm {
  readonly topologyKey: string
  /** Does the term select this Pod? */
  readonly matches: (pod: PodInfo, namespaces: NamespaceLabels) => boolean
}

export interface WeightedAffinityTerm extends AffinityTerm {
  readonly weight: number
}

/** The labels of a namespace, for namespaceSelector. */
export type NamespaceLabels = (namespace: string) => Labels

/** Of a Pod that is on a node, or will be. */
export interface PodInfo {
  readonly key: string
  readonly uid: string
  readonly namespace: string
  readonly labels: Labels
  readonly priority: number
  /** RFC 3339; absent: it has not started. */
  readonly startTime: string | undefined
  readonly isTerminating: boolean
  readonly requests: Resources
  /** What scoring counts for a Pod that requests nothing: 100m of CPU, 200 MiB of memory. */
  readonly nonZeroCPU: number
  readonly nonZeroMemory: number
  readonly hostPorts: readonly HostPort[]
  readonly requiredAffinity: readonly AffinityTerm[]
  readonly requiredAntiAffinity: readonly AffinityTerm[]
  readonly preferredAffinity: readonly WeightedAffinityTerm[]
  readonly preferredAntiAffinity: readonly WeightedAffinityTerm[]
}

/** Of a Pod that waits for a node. */
export interface PendingPod extends PodInfo {
  readonly pod: Pod
}

const defaultCPU = 100
const defaultMemory = 200 * 1024 * 1024
const none: readonly never[] = []
const noResources: Resources = {}
const parsed = new Map<string, number>()

/** Parsing is remembered: a cluster has few different quantities. */
export function resourceAmount(name: string, text: string): number {
  const key = name === 'cpu' ? `c${text}` : text
  let amount = parsed.get(key)
  if (amount === undefined) {
    amount = name === 'cpu' ? quantityMilliValue(text) : quantityValue(text)
    if (parsed.size > 4096) parsed.clear()
    parsed.set(key, amount)
  }
  return amount
}

type Amounts = Record<string, number>

function add(target: Amounts, from: Readonly<Record<string, string>> | undefined): void {
  for (const name in from) target[name] = (target[name] ?? 0) + resourceAmount(name, from[name] ?? '0')
}

const requestsOf = (container: Container) => container.resources?.requests ?? container.resources?.limits

/** Init containers run one after the other, each beside the sidecars that were started before it. */
function initRequests(pod: Pod, target: Amounts): void {
  const initContainers = pod.spec?.initContainers
  if (!initContainers?.length) return
  const sidecars: Amounts = {}
  const peak: Amounts = {}
  for (const container of initContainers) {
    const current: Amounts = { ...sidecars }
    add(current, requestsOf(container))
    if (container.restartPolicy === 'Always') add(sidecars, requestsOf(container))
    for (const name in current) peak[name] = Math.max(peak[name] ?? 0, current[name] ?? 0)
  }
  for (const name in sidecars) target[name] = (target[name] ?? 0) + (sidecars[name] ?? 0)
  for (const name in peak) target[name] = Math.max(target[name] ?? 0, peak[name] ?? 0)
}

export function podRequests(pod: Pod): Resources {
  const spec = pod.spec
  const total: Amounts = {}
  for (const container of spec?.containers ?? none) add(total, requestsOf(container))
  initRequests(pod, total)
  const podLevel = spec?.resources?.requests ?? spec?.resources?.limits
  for (const name in podLevel) total[name] = resourceAmount(name, podLevel[name] ?? '0')
  add(total, spec?.overhead)
  for (const name in total) if (total[name] !== 0) return total
  return noResources
}

/** A container that requests nothing counts as a little one. */
function nonZero(pod: Pod, resource: string, fallback: number): number {
  let total = 0
  for (const container of pod.spec?.containers ?? none) {
    const text = requestsOf(container)?.[resource]
    total += text === undefined ? fallback : resourceAmount(resource, text)
  }
  return total
}

function hostPortsOf(pod: Pod): readonly HostPort[] {
  let found: HostPort[] | undefined
  const sidecars = (pod.spec?.initContainers ?? none).filter(c => c.restartPolicy === 'Always')
  for (const container of [...(pod.spec?.containers ?? none), ...sidecars]) {
    for (const { hostPort, hostIP = '', protocol = 'TCP' } of container.ports ?? none) {
      if (!hostPort) continue
      found ??= []
      found.push({ ip: hostIP, protocol, port: hostPort })
    }
  }
  return found ?? none
}

/** matchLabelKeys narrows a selector to Pods that have the same values as the incoming one. */
function narrowed(term: PodAffinityTerm, labels: Labels): LabelMatcher {
  const matches = compileLabelSelector(term.labelSelector)
  const same = (term.matchLabelKeys ?? none).filter(key => labels[key] !== undefined)
  const different = (term.mismatchLabelKeys ?? none).filter(key => labels[key] !== undefined)
  if (same.length + different.length === 0) return matches
  return others =>
    matches(others) &&
    same.every(key => others[key] === labels[key]) &&
    different.every(key => others[key] !== labels[key])
}

function compileTerm(term: PodAffinityTerm, pod: Pod): AffinityTerm {
  const matchesLabels = narrowed(term, pod.metadata.labels ?? {})
  const own = pod.metadata.namespace ?? ''
  const names = term.namespaces ?? []
  const matchesNamespace = term.namespaceSelector ? compileLabelSelector(term.namespaceSelector) : undefined
  const inNamespace = (namespace: string, labels: NamespaceLabels) =>
    names.length === 0 && !matchesNamespace
      ? namespace === own
      : names.includes(namespace) || (matchesNamespace?.(labels(namespace)) ?? false)
  return {
    topologyKey: term.topologyKey,
    matches: (other, labels) => inNamespace(other.namespace, labels) && matchesLabels(other.labels),
  }
}

export function podInfo(pod: Pod): PodInfo {
  const { namespace = '', name = '', uid = '', labels = {} } = pod.metadata
  const affinity = pod.spec?.affinity?.podAffinity
  const anti = pod.spec?.affinity?.podAntiAffinity
  const compile = (term: PodAffinityTerm) => compileTerm(term, pod)
  return {
    key: `${namespace}/${name}`,
    uid,
    namespace,
    labels,
    priority: pod.spec?.priority ?? 0,
    startTime: pod.status?.startTime,
    isTerminating: pod.metadata.deletionTimestamp !== undefined,
    requests: podRequests(pod),
    nonZeroCPU: nonZero(pod, 'cpu', defaultCPU),
    nonZeroMemory: nonZero(pod, 'memory', defaultMemory),
    hostPorts: hostPortsOf(pod),
    requiredAffinity: affinity?.requiredDuringSchedulingIgnoredDuringExecution?.map(compile) ?? none,
    requiredAntiAffinity: anti?.requiredDuringSchedulingIgnoredDuringExecution?.map(compile) ?? none,
    preferredAffinity:
      affinity?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ weight, podAffinityTerm }) => ({
        ...compile(podAffinityTerm),
        weight,
      })) ?? none,
    preferredAntiAffinity:
      anti?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ weight, podAffinityTerm }) => ({
        ...compile(podAffinityTerm),
        weight,
      })) ?? none,
  }
}

export const pendingPod = (pod: Pod): PendingPod => ({ ...podInfo(pod), pod })

/** Pods on nodes are kept by the thousand: without the object they came from. */
export function placedPod(pending: PendingPod): PodInfo {
  const { pod: _, ...info } = pending
  return info
}
