// PodRuntime: what runs a node's Pods. The kubelet decides, a runtime does: simulated.ts needs no
// processes, cri/ drives a container runtime. Containers are started and stopped one by one, as CRI has it;
// what to start, when, and again after which back-off is the kubelet's business and the same for all
// runtimes.
import type { Container, Pod } from '../api/generated/types.ts'
import type { ContainerAccess, ContainerReference, PodUsage } from '../api/kubeletapi.ts'
import type { DNSConfig } from './resolvconf.ts'

/** As VolumeMount.mountPropagation. */
export type MountPropagation = 'None' | 'HostToContainer' | 'Bidirectional'

/** A folder or a file of a volume as one container sees it. */
export interface ContainerMount {
  readonly path: string
  readonly volume: string
  /** What of the volume is mounted; empty: all of it. */
  readonly subPath: string
  readonly isReadOnly: boolean
  /** What containers write into it is kept, and shared between them. */
  readonly isWritable: boolean
  /** The folder or file of the node to bind, sub path included; absent on nodes without a file system. */
  readonly hostPath?: string
  readonly propagation: MountPropagation
  /** The volume's files, relative to its root, as they are now. */
  files(): Promise<ReadonlyMap<string, Buffer>>
}

/** What the kubelet makes for a Pod's sandbox. */
export interface SandboxEnvironment {
  readonly hostname: string
  readonly dns: DNSConfig
}

/** What the kubelet makes for a container. */
export interface ContainerEnvironment {
  /** In the node's family order. */
  readonly podIPs: readonly string[]
  /** The text of /etc/hosts and /etc/resolv.conf. */
  readonly hosts: string
  readonly resolvConf: string
  readonly hostname: string
  /** In order, without those that the image or the runtime adds (PATH, HOSTNAME). */
  readonly variables: readonly (readonly [name: string, value: string])[]
  /** With their $(NAME) references replaced; absent: the image's own. */
  readonly command: readonly string[] | undefined
  readonly args: readonly string[] | undefined
  /** Absent: the image's own. */
  readonly workingDirectory: string | undefined
  /** Where the node has a file system, /etc/hosts is among them. */
  readonly mounts: readonly ContainerMount[]
}

export type ContainerKind = 'init' | 'main' | 'ephemeral'

/** What happened on the way to a started container; each becomes an Event. */
export type StartStep =
  | { readonly type: 'pulling' }
  | { readonly type: 'pulled'; readonly durationMs: number; readonly sizeBytes: number }
  | { readonly type: 'present' }
  | { readonly type: 'created' }

export interface ContainerStart {
  readonly pod: Pod
  readonly container: Container
  readonly kind: ContainerKind
  /** How often it was started before. */
  readonly attempt: number
  /** Made when asked for: a container nobody looks into needs none. */
  environment(): Promise<ContainerEnvironment>
  /** Told at the time, in order. */
  report(step: StartStep): void
}

export interface ContainerExit {
  readonly exitCode: number
  /** RFC 3339. */
  readonly finishedAt: string
  /** `Completed`, `Error`, `OOMKilled` ... */
  readonly reason: string
  /** What it wrote to its termination message path. */
  readonly message?: string
}

/** One run of a container. */
export interface RuntimeContainer {
  readonly name: string
  /** With the runtime's name: `simulated://0f3c...`. */
  readonly id: string
  readonly image: string
  readonly imageID: string
  readonly attempt: number
  /** RFC 3339. */
  readonly startedAt: string
  /** Absent while it runs. */
  readonly exit?: ContainerExit
}

export type CommandResult =
  /** What it wrote, both streams together. */
  | { readonly type: 'exited'; readonly exitCode: number; readonly output: string }
  /** It was ended when its time was over. */
  | { readonly type: 'timedOut' }
  /** It could not be run; the message is the runtime's. */
  | { readonly type: 'failed'; readonly message: string }

export interface RuntimePod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/** A container or a sandbox could not be started; the reason is shown in the container's status. */
export class RuntimeError extends Error {
  /** `ErrImagePull`, `CreateContainerError`, `RunContainerError`, `FailedCreatePodSandBox` ... */
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.name = 'RuntimeError'
    this.reason = reason
  }
}

export interface PodRuntime extends ContainerAccess {
  readonly name: string
  /** `simulated://0.1.0`, `containerd://1.6.20`: node.status.nodeInfo.containerRuntimeVersion. */
  version(): Promise<string>
  /** The listener is told the uid of a Pod of which a container has ended by itself. */
  onExit(listener: (uid: string) => void): void
  /** The node has its ranges, in its family order: until then Pods wait for a network. */
  setPodCIDRs(podCIDRs: readonly string[]): void
  /** Why Pods cannot be run now, as the Ready condition's message says it; undefined: they can. */
  notReady(): Promise<string | undefined>
  /** All that it knows of, those from before a restart of the kubelet among them. */
  pods(): Promise<readonly RuntimePod[]>
  /** Of the containers that run. */
  usage(): Promise<readonly PodUsage[]>
  /**
   * Makes the Pod's sandbox and returns its addresses, in the node's family order. Idempotent; a Pod that
   * has addresses in its status keeps them when the runtime has been restarted. Throws RuntimeError.
   */
  createSandbox(pod: Pod, environment: SandboxEnvironment): Promise<readonly string[]>
  /** False when it was lost, with the addresses and all containers: the Pod begins anew. */
  hasSandbox(uid: string): boolean
  /** Throws RuntimeError. */
  startContainer(start: ContainerStart): Promise<RuntimeContainer>
  /**
   * Takes note of a container that ran before the runtime was restarted; undefined when it does not run any
   * more.
   */
  adoptContainer(start: ContainerStart, known: RuntimeContainer): Promise<RuntimeContainer | undefined>
  /** The last run of each of the Pod's containers. */
  containers(uid: string): readonly RuntimeContainer[]
  /** Resolves when it has ended, at the latest after the grace period. Idempotent. */
  stopContainer(uid: string, name: string, gracePeriodSeconds: number): Promise<void>
  /** Runs a command in a container, for probes and hooks. */
  run(
    container: ContainerReference,
    command: readonly string[],
    options: { readonly timeoutMs: number },
  ): Promise<CommandResult>
  /** Frees the addresses. All containers have ended. Idempotent. */
  stopSandbox(uid: string): Promise<void>
  /** Forgets the Pod with its logs; containers that still run are killed. */
  removePod(uid: string): Promise<void>
}
