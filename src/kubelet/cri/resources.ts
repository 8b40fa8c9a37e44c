// What a container may use, in the kernel's terms: CPU shares and quota, memory limit, and how early it is
// killed when memory runs out (upstream pkg/kubelet/kuberuntime/kuberuntime_container_linux.go and
// pkg/kubelet/qos). Runtimes translate them for both versions of cgroups. Pure.
import type { Container, Pod } from '../../api/generated/types.ts'
import { quantityMilliValue, quantityValue } from '../../api/meta/quantity.ts'
import type { LinuxContainerResources } from './runtimeapi.ts'

const fewestShares = 2
const mostShares = 262_144
const periodMicroseconds = 100_000
const smallestQuota = 1000

const sharesOf = (milli: number) =>
  Math.min(mostShares, Math.max(fewestShares, Math.floor((milli * 1024) / 1000)))

const nodeCritical = 2_000_001_000

/**
 * From -997, killed last, to 1000, killed first. A burstable container is the safer, the more of the node's
 * memory it asked for; beyond what it asked for it is killed before those who kept to it.
 */
export function oomScore(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  const guaranteed = -997
  if ((pod.spec?.priority ?? 0) >= nodeCritical) return guaranteed
  const qos = pod.status?.qosClass ?? 'BestEffort'
  if (qos === 'Guaranteed') return guaranteed
  if (qos === 'BestEffort') return 1000
  const request = quantityValue(container.resources?.requests?.memory ?? '0')
  const score = 1000 - Math.floor((1000 * request) / Math.max(1, nodeMemoryBytes))
  return Math.min(999, Math.max(3, score))
}

const hugepages = 'hugepages-'

/** `hugepages-2Mi` is `2MB` to the kernel's controller. */
const hugepageLimits = (limits: Readonly<Record<string, string>>) =>
  Object.entries(limits)
    .filter(([name]) => name.startsWith(hugepages))
    .map(([name, limit]) => ({
      pageSize: `${name.slice(hugepages.length).replace(/i$/, '')}B`,
      limit: quantityValue(limit),
    }))

export interface ResourcesOptions {
  readonly nodeMemoryBytes: number
  /** The unified hierarchy. */
  readonly isCgroup2: boolean
}

export function containerResources(
  pod: Pod,
  container: Container,
  { nodeMemoryBytes, isCgroup2 }: ResourcesOptions,
): LinuxContainerResources {
  const { requests = {}, limits = {} } = container.resources ?? {}
  const cpuLimit = quantityMilliValue(limits.cpu ?? '0')
  const memoryLimit = quantityValue(limits.memory ?? '0')
  const quota = Math.max(smallestQuota, Math.floor((cpuLimit * periodMicroseconds) / 1000))
  return {
    cpuShares: sharesOf(quantityMilliValue(requests.cpu ?? limits.cpu ?? '0')),
    ...(cpuLimit > 0 ? { cpuPeriod: periodMicroseconds, cpuQuota: quota } : {}),
    ...(memoryLimit > 0 ? { memoryLimitInBytes: memoryLimit } : {}),
    oomScoreAdj: oomScore(pod, container, nodeMemoryBytes),
    hugepageLimits: hugepageLimits(limits),
    // All of a container's processes end together, so that none is left half working.
    ...(isCgroup2 ? { unified: { 'memory.oom.group': '1' } } : {}),
  }
}
