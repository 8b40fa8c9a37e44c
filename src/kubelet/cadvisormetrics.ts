// What containers use in the form that cAdvisor gave kubelets: dashboards and alerts ask /metrics/cadvisor
// for it. Of its many metrics these are the ones for which something is measured.
import type { ContainerStatus, Pod } from '../api/generated/types.ts'
import type { NodeUsage, Usage } from '../api/kubeletapi.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import { formatMetrics, type Labels, type MetricFamily } from '../component/metrics.ts'

interface Measured {
  readonly labels: Labels
  readonly usage: Usage
}

const statusesOf = ({ status = {} }: Pod): readonly ContainerStatus[] => [
  ...(status.containerStatuses ?? []),
  ...(status.initContainerStatuses ?? []),
  ...(status.ephemeralContainerStatuses ?? []),
]

function measuredContainers(pods: readonly Pod[], usage: NodeUsage): Measured[] {
  const byUID = new Map(pods.map(pod => [pod.metadata.uid ?? '', pod]))
  return usage.pods.flatMap(({ uid, namespace, name: pod, containers }) => {
    const known = byUID.get(uid)
    const statuses = known ? statusesOf(known) : []
    return containers.map(container => {
      const status = statuses.find(({ name }) => name === container.name)
      const name = status?.containerID?.replace(/^\w+:\/\//, '') ?? ''
      const labels = { container: container.name, id: name, image: status?.image ?? '', name, namespace, pod }
      return { labels, usage: container }
    })
  })
}

/** The text of /metrics/cadvisor. */
export function formatContainerMetrics(pods: readonly Pod[], usage: NodeUsage): string {
  const measured = measuredContainers(pods, usage)
  const samples = (value: (usage: Usage) => number, more: Labels = {}) =>
    measured.map(({ labels, usage: own }) => ({
      labels: { ...labels, ...more },
      value: value(own),
      timeMs: Math.round(own.timeMs),
    }))
  const families: MetricFamily[] = [
    {
      name: 'container_cpu_usage_seconds_total',
      type: 'counter',
      help: 'Cumulative cpu time consumed in seconds.',
      samples: samples(({ cpuNanoseconds }) => cpuNanoseconds / 1e9, { cpu: 'total' }),
    },
    {
      name: 'container_memory_working_set_bytes',
      type: 'gauge',
      help: 'Current working set in bytes.',
      samples: samples(({ memoryWorkingSetBytes }) => memoryWorkingSetBytes),
    },
    {
      name: 'container_start_time_seconds',
      type: 'gauge',
      help: 'Start time of the container since unix epoch in seconds.',
      samples: samples(({ startedAt }) => (parseTime(startedAt) ?? 0) / 1000),
    },
  ]
  return formatMetrics(families)
}
