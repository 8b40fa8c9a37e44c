// PodRuntime: what runs a node's Pods. The kubelet decides, a runtime does; simulated.ts needs no
// processes, cri/ drives a container runtime.
import type { ContainerStatus, Pod } from '../api/generated/types.ts'
import type { KubeletConnection } from '../api/kubeletapi.ts'

/** What the kubelet made for a Pod before its containers start. */
export interface PodEnvironment {
  /** In the node's family order. */
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
  /** The text of /etc/hosts and /etc/resolv.conf. */
  readonly hosts: string
  readonly resolvConf: string
  /** Per container: environment variables in order, and files by absolute path. */
  readonly containers: ReadonlyMap<string, ContainerEnvironment>
}

export interface ContainerEnvironment {
  readonly variables: readonly (readonly [name: string, value: string])[]
  readonly files: ReadonlyMap<string, Buffer>
  readonly hostname: string
  readonly workingDirectory: string
}

export interface RuntimePodStatus {
  /** Absent until the sandbox has its addresses. */
  readonly podIPs?: readonly string[]
  readonly initContainers: readonly ContainerStatus[]
  readonly containers: readonly ContainerStatus[]
  readonly ephemeralContainers: readonly ContainerStatus[]
}

export interface PodRuntime extends KubeletConnection {
  readonly name: string
  /** `simulated://0.1.0`, `containerd://1.6.20`: node.status.nodeInfo.containerRuntimeVersion. */
  version(): Promise<string>
  /** Makes the Pod's sandbox and returns its addresses, in the node's family order. Idempotent. */
  createSandbox(pod: Pod): Promise<readonly string[]>
  /** Starts what is not running yet and should be; idempotent. */
  syncPod(pod: Pod, environment: PodEnvironment): Promise<RuntimePodStatus>
  /** Stops all containers within the grace period, frees the addresses. Idempotent. */
  killPod(uid: string, gracePeriodSeconds: number): Promise<RuntimePodStatus>
  /** Forgets the Pod. */
  removePod(uid: string): Promise<void>
}
