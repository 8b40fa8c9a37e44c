// The runtime of real nodes: drives a container runtime over CRI, the interface of containerd and CRI-O to
// kubelets. It knows how, not when: the kubelet decides. Containers outlive this process; start() finds them
// again.
import { existsSync } from 'node:fs'
import { totalmem } from 'node:os'
import type { Duplex, Readable } from 'node:stream'
import type { Pod } from '../../api/generated/types.ts'
import type {
  ContainerReference,
  ExecOptions,
  ExecSession,
  LogOptions,
  PodUsage,
} from '../../api/kubeletapi.ts'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import type { Logger } from '../../component/log.ts'
import type { MetricSet } from '../../component/metrics.ts'
import type { SpdyTarget } from '../../streaming/spdyclient.ts'
import type { References } from '../references.ts'
import type {
  ContainerStart,
  PodRuntime,
  RuntimeContainer,
  RuntimePod,
  SandboxEnvironment,
} from '../runtime.ts'
import { RuntimeError } from '../runtime.ts'
import { ContainerStarter } from './containerstarter.ts'
import { CRIClient } from './criclient.ts'
import { ExitWatch } from './exitwatch.ts'
import { Images } from './images.ts'
import { Inventory } from './inventory.ts'
import { defaultRotation, LogRotation, type RotationLimits } from './logrotation.ts'
import type { PodRecord } from './podrecords.ts'
import { type RPC, runtimeAPI } from './runtimeapi.ts'
import { RuntimeMetrics } from './runtimemetrics.ts'
import { Sandboxes } from './sandboxes.ts'
import { Sessions } from './sessions.ts'
import { type CRISettings, logFile } from './settings.ts'
import { podUsage } from './usage.ts'

export interface CRIRuntimeOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: MetricSet
  /** The runtime's: `/run/containerd/containerd.sock`. */
  readonly socketPath: string
  /** The kubelet's own folder; logs are kept in `logs` below it, as in /var/log/pods elsewhere. */
  readonly rootDir: string
  /** The node's own, for Pods in its network: one per family, in its order. */
  readonly nodeAddresses: readonly string[]
  /** For imagePullSecrets. */
  readonly references: References
  /** Of a RuntimeClass; undefined: there is no such class. Default: there are none. */
  readonly runtimeHandler?: (className: string) => Promise<string | undefined>
  /** Below which each Pod has a cgroup: `/futago/node1`. Default: the runtime's own choice. */
  readonly cgroupParent?: string
  /** When containers' logs are rotated; default: at 10 MiB, with 5 files. */
  readonly rotation?: RotationLimits
  /** How the runtime's streaming server is reached; default: it listens on the loopback of this process. */
  readonly connectStreaming?: SpdyTarget['connect']
}

/** A runtime that hangs is as good as one that is gone. */
const statusTimeoutMs = 10_000

export class CRIRuntime implements PodRuntime, Component {
  readonly name = 'containerd'
  readonly #settings: CRISettings
  readonly #sandboxes: Sandboxes
  readonly #starter: ContainerStarter
  readonly #exits: ExitWatch
  readonly #rotation: LogRotation
  readonly #sessions: Sessions
  #listener: (uid: string) => void = () => undefined

  constructor(options: CRIRuntimeOptions) {
    const { clock, log, metrics, rootDir, socketPath, nodeAddresses, references } = options
    const client = new CRIClient(socketPath, clock, metrics && new RuntimeMetrics(metrics, clock))
    const onChange = (uid: string) => this.#listener(uid)
    const inventory = new Inventory({ client, clock, runtime: this.name, onChange })
    this.#settings = {
      client,
      clock,
      log,
      inventory,
      images: new Images(client, clock),
      rootDir,
      logsRoot: `${rootDir}/logs`,
      cgroupParent: options.cgroupParent ?? '',
      nodeMemoryBytes: totalmem(),
      isCgroup2: existsSync('/sys/fs/cgroup/cgroup.controllers'),
    }
    const runtimeHandler = options.runtimeHandler ?? (async () => undefined)
    this.#sandboxes = new Sandboxes(this.#settings, { nodeAddresses, runtimeHandler })
    this.#starter = new ContainerStarter(this.#settings, references)
    this.#sessions = new Sessions(this.#settings, options.connectStreaming)
    const onExit = (id: string) => {
      inventory.noteExit(id).catch(error => log.debug('an exit is not understood', { error: String(error) }))
    }
    this.#rotation = new LogRotation({
      clock,
      log,
      limits: options.rotation ?? defaultRotation,
      logs: () => this.#runningLogs(),
    })
    this.#exits = new ExitWatch({ client, clock, log, onExit, relist: () => inventory.relist() })
  }

  /** Finds what runs already. Throws when the runtime cannot be reached. */
  async start(): Promise<void> {
    await this.#settings.inventory.load()
    this.#exits.start()
    this.#rotation.start()
  }

  /** What runs goes on. */
  async stop(): Promise<void> {
    this.#exits.stop()
    this.#rotation.stop()
    this.#settings.client.close()
  }

  #call<Input, Output>(rpc: RPC<Input, Output>, input: Input, timeoutMs?: number): Promise<Output> {
    return this.#settings.client.call(rpc, input, timeoutMs === undefined ? {} : { timeoutMs })
  }

  #pod(uid: string): PodRecord | undefined {
    return this.#settings.inventory.pods.get(uid)
  }

  *#runningLogs() {
    for (const { identity, lastRuns } of this.#settings.inventory.pods.all) {
      for (const { id, name, attempt, run } of lastRuns) {
        if (run.exit) continue
        const reopen = async () => void (await this.#call(runtimeAPI.reopenContainerLog, { containerId: id }))
        yield { path: logFile(this.#settings, identity, { name, attempt }), reopen }
      }
    }
  }

  async version(): Promise<string> {
    const { runtimeName, runtimeVersion } = await this.#call(runtimeAPI.version, {})
    return `${runtimeName}://${runtimeVersion}`
  }

  onExit(listener: (uid: string) => void): void {
    this.#listener = listener
  }

  /** The pod network's own configuration has them. */
  setPodCIDRs(): void {}

  async notReady(): Promise<string | undefined> {
    try {
      const { status } = await this.#call(runtimeAPI.status, {}, statusTimeoutMs)
      const failed = (status?.conditions ?? []).filter(condition => !condition.status)
      if (failed.length === 0) return undefined
      const texts = failed.map(
        ({ type, reason, message }) =>
          `container runtime ${type === 'NetworkReady' ? 'network ' : ''}not ready: ` +
          `${type}=false reason:${reason} message:${message}`,
      )
      return texts.join(', ')
    } catch (error) {
      return `container runtime is down: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  async pods(): Promise<readonly RuntimePod[]> {
    return [...this.#settings.inventory.pods.all].map(({ identity }) => identity)
  }

  async usage(): Promise<readonly PodUsage[]> {
    const { stats } = await this.#call(runtimeAPI.listContainerStats, {})
    return podUsage(stats, this.#settings.inventory.pods.all)
  }

  createSandbox(pod: Pod, environment: SandboxEnvironment): Promise<readonly string[]> {
    return this.#sandboxes.create(pod, environment)
  }

  hasSandbox(uid: string): boolean {
    return this.#pod(uid)?.sandbox?.isReady ?? false
  }

  async startContainer(start: ContainerStart): Promise<RuntimeContainer> {
    const pod = this.#pod(start.pod.metadata.uid ?? '')
    if (!pod) throw new RuntimeError('RunContainerError', 'the Pod has no sandbox')
    return this.#starter.start(start, pod)
  }

  async adoptContainer(
    start: ContainerStart,
    known: RuntimeContainer,
  ): Promise<RuntimeContainer | undefined> {
    const runs = this.#pod(start.pod.metadata.uid ?? '')?.runs.get(known.name)
    return runs?.find(({ run }) => run.id === known.id)?.run
  }

  containers(uid: string): readonly RuntimeContainer[] {
    return (this.#pod(uid)?.lastRuns ?? []).map(({ run }) => run)
  }

  async stopContainer(uid: string, name: string, gracePeriodSeconds: number): Promise<void> {
    const record = this.#pod(uid)?.last(name)
    if (!record || record.run.exit) return
    const timeout = Math.max(0, gracePeriodSeconds)
    const input = { containerId: record.id, timeout }
    await this.#call(runtimeAPI.stopContainer, input, (timeout + 120) * 1000)
    // One that had ended by itself may be running for the runtime a little longer.
    await this.#settings.inventory.noteExit(record.id)
  }

  async stopSandbox(uid: string): Promise<void> {
    const pod = this.#pod(uid)
    if (pod) await this.#sandboxes.stop(pod)
  }

  async removePod(uid: string): Promise<void> {
    const pod = this.#pod(uid)
    if (!pod) return
    await this.#sandboxes.remove(pod)
    this.#settings.inventory.pods.delete(uid)
    this.#settings.images.forget(uid)
  }

  run(container: ContainerReference, command: readonly string[], options: { readonly timeoutMs: number }) {
    return this.#sessions.run(container, command, options)
  }

  logs(container: ContainerReference, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    return this.#sessions.logs(container, options, signal)
  }

  exec(container: ContainerReference, options: ExecOptions): Promise<ExecSession> {
    return this.#sessions.exec(container, options)
  }

  attach(container: ContainerReference, options: Omit<ExecOptions, 'command'>): Promise<ExecSession> {
    return this.#sessions.attach(container, options)
  }

  portForward(pod: Omit<ContainerReference, 'container'>, port: number): Promise<Duplex> {
    return this.#sessions.portForward(pod, port)
  }
}
