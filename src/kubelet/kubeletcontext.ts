// What the workers of one node share.
import type { Pod, PodStatus, Service } from '../api/generated/types.ts'
import type { EventRecorder } from '../client/events.ts'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import type { Tracer } from '../component/tracing.ts'
import type { KubeletMetrics } from './kubeletmetrics.ts'
import type { NetworkProbes } from './networkprobes.ts'
import type { NodeVolumes } from './nodevolumes.ts'
import type { References } from './references.ts'
import type { DNSSettings } from './resolvconf.ts'
import type { PodRuntime } from './runtime.ts'

/** How a worker writes to the API. */
export interface PodClient {
  /** The Pod as it is then; undefined when there was nothing to write or the Pod is gone. */
  writeStatus(pod: Pod, status: PodStatus): Promise<Pod | undefined>
  /** The Pod's containers have ended: removes it at once, if it is still this one. */
  deletePod(pod: Pod): Promise<void>
}

export interface KubeletContext {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: KubeletMetrics | undefined
  readonly tracer?: Tracer | undefined
  readonly events: EventRecorder
  readonly client: PodClient
  readonly runtime: PodRuntime
  readonly references: References
  readonly services: () => Iterable<Service>
  readonly dns: DNSSettings
  /** Absent: the node has no file system. */
  readonly volumes?: NodeVolumes
  /** Absent: the node is simulated, and every server answers. */
  readonly network?: NetworkProbes
  /** The node's own /etc/hosts. */
  readonly nodeHosts: () => string
  readonly node: {
    readonly name: string
    /** One per family, in the node's order. */
    readonly addresses: readonly string[]
    readonly allocatable: Readonly<Record<string, string>>
  }
}
