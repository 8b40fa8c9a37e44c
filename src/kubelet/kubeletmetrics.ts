// What a kubelet tells about itself, with upstream's names (pkg/kubelet/metrics): what it sees when it is
// asked, and, on nodes with containers, how long its work takes.
import type { ContainerStatus } from '../api/generated/types.ts'
import { Gauge, Histogram, type Metric, type MetricSet } from '../component/metrics.ts'
import type { Kubelet } from './kubelet.ts'

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const stateOf = ({ state = {} }: ContainerStatus) =>
  state.running ? 'running' : state.terminated ? 'exited' : 'created'

function containersByState({ pods }: Kubelet): Map<string, number> {
  const counts = new Map([
    ['created', 0],
    ['running', 0],
    ['exited', 0],
  ])
  for (const { status = {} } of pods) {
    const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
    for (const state of all.map(stateOf)) counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  return counts
}

/** Read when asked for: thousands of simulated nodes need keep nothing. */
export const stateMetrics = (kubelet: Kubelet): Metric[] => [
  new Gauge({ name: 'kubelet_node_name', help: "The node's name. The value is always 1." }, () => [
    { labels: { node: kubelet.name }, value: 1 },
  ]),
  new Gauge(
    { name: 'kubelet_running_pods', help: 'Number of Pods that have begun and not ended.' },
    () => kubelet.pods.filter(({ status }) => status?.phase === 'Running').length,
  ),
  new Gauge({ name: 'kubelet_running_containers', help: 'Number of containers, by their state.' }, () =>
    [...containersByState(kubelet)].map(([state, value]) => ({ labels: { container_state: state }, value })),
  ),
]

export class KubeletMetrics {
  readonly #podWork: Histogram<'operation_type'>

  constructor(metrics: MetricSet) {
    this.#podWork = metrics.add(
      new Histogram({
        name: 'kubelet_pod_worker_duration_seconds',
        help: 'Duration in seconds to sync a single Pod, by operation type.',
        labels: ['operation_type'],
        bounds,
      }),
    )
  }

  podWorked(operation: 'sync' | 'terminating', seconds: number): void {
    this.#podWork.observe(seconds, operation)
  }
}
