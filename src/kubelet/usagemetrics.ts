// What a node and its containers use, in the two forms that metrics collectors ask a kubelet for: the text
// of /metrics/resource (KEP-727) and the JSON of /stats/summary.
import type { NodeUsage, PodUsage, Usage } from '../api/kubeletapi.ts'
import { formatTime, parseTime } from '../api/meta/timestamps.ts'
import { formatMetrics, type Labels, type MetricFamily } from '../component/metrics.ts'

const cpuSeconds = ({ cpuNanoseconds }: Usage) => cpuNanoseconds / 1e9
const memoryBytes = ({ memoryWorkingSetBytes }: Usage) => memoryWorkingSetBytes
const startSeconds = ({ startedAt }: Usage) => (parseTime(startedAt) ?? 0) / 1000

/** The sums of a Pod's containers; undefined when none runs. */
function podTotal({ containers }: PodUsage): Usage | undefined {
  const [first] = containers
  if (!first) return undefined
  const sum = (value: (usage: Usage) => number) =>
    containers.reduce((total, usage) => total + value(usage), 0)
  return {
    timeMs: Math.max(...containers.map(({ timeMs }) => timeMs)),
    startedAt: first.startedAt,
    cpuNanoseconds: sum(({ cpuNanoseconds }) => cpuNanoseconds),
    memoryWorkingSetBytes: sum(memoryBytes),
  }
}

/** The text of /metrics/resource. */
export function formatResourceMetrics({ node, pods }: NodeUsage): string {
  const containers = pods.flatMap(pod =>
    pod.containers.map(usage => ({
      labels: { container: usage.name, namespace: pod.namespace, pod: pod.name },
      usage: usage as Usage,
    })),
  )
  const totals = pods.flatMap(pod => {
    const usage = podTotal(pod)
    return usage ? [{ labels: { namespace: pod.namespace, pod: pod.name }, usage }] : []
  })
  const of = (
    list: readonly { readonly labels: Labels; readonly usage: Usage }[],
    value: (usage: Usage) => number,
  ) => list.map(({ labels, usage }) => ({ labels, value: value(usage), timeMs: Math.round(usage.timeMs) }))
  const whole = [{ labels: {}, usage: node }]
  const family = (
    name: string,
    type: MetricFamily['type'],
    rest: Pick<MetricFamily, 'help' | 'samples'>,
  ) => ({
    name,
    type,
    ...rest,
  })
  const cpu = 'Cumulative cpu time consumed in core-seconds'
  const memory = 'Current working set in bytes'
  return formatMetrics([
    family('container_cpu_usage_seconds_total', 'counter', {
      help: cpu,
      samples: of(containers, cpuSeconds),
    }),
    family('container_memory_working_set_bytes', 'gauge', {
      help: memory,
      samples: of(containers, memoryBytes),
    }),
    family('container_start_time_seconds', 'gauge', {
      help: 'Start time since unix epoch in seconds',
      samples: of(containers, startSeconds),
    }),
    family('node_cpu_usage_seconds_total', 'counter', { help: cpu, samples: of(whole, cpuSeconds) }),
    family('node_memory_working_set_bytes', 'gauge', { help: memory, samples: of(whole, memoryBytes) }),
    family('pod_cpu_usage_seconds_total', 'counter', { help: cpu, samples: of(totals, cpuSeconds) }),
    family('pod_memory_working_set_bytes', 'gauge', { help: memory, samples: of(totals, memoryBytes) }),
    family('resource_scrape_error', 'gauge', {
      help: '1 if there was an error while getting container metrics, 0 otherwise',
      samples: [{ labels: {}, value: 0 }],
    }),
  ])
}

interface SummaryUsage {
  readonly startTime: string
  readonly cpu?: { readonly time: string; readonly usageCoreNanoSeconds: number }
  readonly memory?: { readonly time: string; readonly workingSetBytes: number }
}

export interface Summary {
  readonly node: SummaryUsage & { readonly nodeName: string }
  readonly pods: readonly (SummaryUsage & {
    readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string }
    readonly containers: readonly (SummaryUsage & { readonly name: string })[]
  })[]
}

function summaryOf(usage: Usage): SummaryUsage {
  const time = formatTime(usage.timeMs)
  return {
    startTime: usage.startedAt,
    cpu: { time, usageCoreNanoSeconds: usage.cpuNanoseconds },
    memory: { time, workingSetBytes: usage.memoryWorkingSetBytes },
  }
}

/** The value of /stats/summary. */
export function usageSummary(nodeName: string, { node, pods }: NodeUsage): Summary {
  return {
    node: { nodeName, ...summaryOf(node) },
    pods: pods.flatMap(pod => {
      const total = podTotal(pod)
      if (!total) return []
      const { name, namespace, uid } = pod
      const containers = pod.containers.map(usage => ({ name: usage.name, ...summaryOf(usage) }))
      return [{ podRef: { name, namespace, uid }, ...summaryOf(total), containers }]
    }),
  }
}

function parseUsage({ startTime, cpu, memory }: SummaryUsage): Usage {
  return {
    timeMs: parseTime(cpu?.time ?? memory?.time) ?? 0,
    startedAt: startTime,
    cpuNanoseconds: cpu?.usageCoreNanoSeconds ?? 0,
    memoryWorkingSetBytes: memory?.workingSetBytes ?? 0,
  }
}

/** What a kubelet, ours or another, says in /stats/summary. */
export function parseSummary({ node, pods = [] }: Summary): NodeUsage {
  return {
    node: parseUsage(node),
    pods: pods.map(({ podRef, containers = [] }) => ({
      ...podRef,
      containers: containers.map(container => ({ name: container.name, ...parseUsage(container) })),
    })),
  }
}
