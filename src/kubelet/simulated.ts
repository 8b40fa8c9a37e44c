// The runtime of simulated nodes: no processes, no images, no network. Pods get addresses and go Ready;
// logs, exec and attach answer from what the kubelet made for the container, through the simulated shell.
import type { Duplex, Readable } from 'node:stream'
import type { Pod } from '../api/generated/types.ts'
import type { ContainerReference, ExecOptions, ExecSession, LogOptions, PodUsage } from '../api/kubeletapi.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import { badRequest, internal, StatusError } from '../api/status.ts'
import type { Clock } from '../component/clock.ts'
import type { FileTree } from './filesystem.ts'
import { imageName, imageSize } from './image.ts'
import { PodAddresses } from './podaddresses.ts'
import {
  type CommandResult,
  type ContainerStart,
  type PodRuntime,
  type RuntimeContainer,
  RuntimeError,
  type RuntimePod,
} from './runtime.ts'
import { SimulatedContainer } from './simulatedcontainer.ts'
import { SimulatedSession } from './simulatedsession.ts'

export interface SimulatedRuntimeOptions {
  readonly clock: Clock
  /** The node's own, for Pods in its network. */
  readonly nodeAddresses: readonly string[]
  /** Addresses of a name, as cluster DNS would answer a Pod of the namespace. */
  readonly resolve: (name: string, namespace: string) => readonly string[]
}

interface SimulatedPod {
  readonly namespace: string
  readonly name: string
  podIPs: readonly string[]
  readonly containers: Map<string, SimulatedContainer>
  /** The runs before the last ones, for `logs --previous`. */
  previous?: Map<string, SimulatedContainer>
  volumes?: Map<string, FileTree>
  pulls?: Map<string, { failures: number; untilMs: number }>
}

/** A thousandth of a processor, and a mebibyte. */
const idleNanosecondsPerMs = 1000
const idleBytes = 1_048_576

export const simulatedVersion = '0.1.0'

export class SimulatedRuntime implements PodRuntime {
  readonly name = 'simulated'
  readonly #options: SimulatedRuntimeOptions
  readonly #addresses = new PodAddresses()
  readonly #pods = new Map<string, SimulatedPod>()
  #listener: (uid: string) => void = () => undefined

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options
  }

  async version(): Promise<string> {
    return `simulated://${simulatedVersion}`
  }

  onExit(listener: (uid: string) => void): void {
    this.#listener = listener
  }

  setPodCIDRs(podCIDRs: readonly string[]): void {
    this.#addresses.setRanges(podCIDRs)
  }

  async notReady(): Promise<undefined> {
    return undefined
  }

  async pods(): Promise<readonly RuntimePod[]> {
    return [...this.#pods].map(([uid, { namespace, name }]) => ({ uid, namespace, name }))
  }

  /** No processes, no usage: so much as an idle container needs. */
  async usage(): Promise<readonly PodUsage[]> {
    const timeMs = this.#options.clock.now()
    return [...this.#pods].map(([uid, { namespace, name, containers }]) => ({
      uid,
      namespace,
      name,
      containers: [...containers.values()]
        .filter(({ run }) => !run.exit)
        .map(({ run }) => ({
          name: run.name,
          timeMs,
          startedAt: run.startedAt,
          cpuNanoseconds: Math.max(0, timeMs - (parseTime(run.startedAt) ?? timeMs)) * idleNanosecondsPerMs,
          memoryWorkingSetBytes: idleBytes,
        })),
    }))
  }

  /** Keeps the addresses of a Pod from before a restart, so that no other Pod gets them. */
  reserve(pod: Pod): void {
    const ips = (pod.status?.podIPs ?? []).map(({ ip }) => ip)
    if (ips.length > 0 && !pod.spec?.hostNetwork) this.#addresses.adopt(pod.metadata.uid ?? '', ips)
  }

  async createSandbox(pod: Pod): Promise<readonly string[]> {
    const uid = pod.metadata.uid ?? ''
    const known = this.#pods.get(uid)
    if (known) return known.podIPs
    if (!pod.spec?.hostNetwork) this.reserve(pod)
    const podIPs = pod.spec?.hostNetwork ? this.#options.nodeAddresses : this.#addresses.allocate(uid)
    const { namespace = '', name = '' } = pod.metadata
    this.#pods.set(uid, { namespace, name, podIPs, containers: new Map() })
    return podIPs
  }

  hasSandbox(uid: string): boolean {
    return this.#pods.has(uid)
  }

  async startContainer(start: ContainerStart): Promise<RuntimeContainer> {
    const pod = this.#pods.get(start.pod.metadata.uid ?? '')
    if (!pod) throw new RuntimeError('RunContainerError', 'the Pod has no sandbox')
    this.#pull(start, pod)
    start.report({ type: 'created' })
    const container = this.#newContainer(start, pod)
    const before = pod.containers.get(start.container.name)
    if (before) {
      pod.previous ??= new Map()
      pod.previous.set(start.container.name, before)
    }
    pod.containers.set(start.container.name, container)
    await container.begin()
    return container.run
  }

  async adoptContainer(
    start: ContainerStart,
    known: RuntimeContainer,
  ): Promise<RuntimeContainer | undefined> {
    const pod = this.#pods.get(start.pod.metadata.uid ?? '')
    if (!pod) return undefined
    const container = this.#newContainer(start, pod, known)
    pod.containers.set(start.container.name, container)
    await container.begin()
    return container.run
  }

  #newContainer(start: ContainerStart, pod: SimulatedPod, known?: RuntimeContainer): SimulatedContainer {
    const uid = start.pod.metadata.uid ?? ''
    const { clock, resolve } = this.#options
    const onExit = () => this.#listener(uid)
    const volumes = () => {
      pod.volumes ??= new Map()
      return pod.volumes
    }
    return new SimulatedContainer(start, { clock, resolve, volumes, onExit }, known)
  }

  /** Every image is there, but for those of registries below .invalid (RFC 2606). */
  #pull(start: ContainerStart, pod: SimulatedPod): void {
    const { container } = start
    const image = container.image ?? ''
    const name = imageName(image)
    if (!name) {
      const why = `couldn't parse image name "${image}": invalid reference format`
      throw new RuntimeError('InvalidImageName', `Failed to apply default image tag "${image}": ${why}`)
    }
    const host = name.registry.replace(/:\d+$/, '')
    if (!host.endsWith('.invalid')) {
      this.#reportImage(start, image)
      return
    }
    const now = this.#options.clock.now()
    const known = pod.pulls?.get(container.name) ?? { failures: 0, untilMs: 0 }
    const why =
      `failed to pull and unpack image "${name.image}": failed to resolve reference "${name.image}": ` +
      `failed to do request: dial tcp: lookup ${host}: no such host`
    if (known.untilMs > now) {
      throw new RuntimeError('ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${why}`)
    }
    start.report({ type: 'pulling' })
    known.untilMs = now + Math.min(10_000 * 2 ** known.failures, 300_000)
    known.failures++
    pod.pulls ??= new Map()
    pod.pulls.set(container.name, known)
    throw new RuntimeError('ErrImagePull', why)
  }

  #reportImage({ container, report }: ContainerStart, image: string): void {
    if (container.imagePullPolicy === 'Always') {
      report({ type: 'pulling' })
      report({ type: 'pulled', durationMs: 1, sizeBytes: imageSize(image) })
    } else report({ type: 'present' })
  }

  containers(uid: string): readonly RuntimeContainer[] {
    return [...(this.#pods.get(uid)?.containers.values() ?? [])].map(({ run }) => run)
  }

  async stopContainer(uid: string, name: string): Promise<void> {
    await this.#pods.get(uid)?.containers.get(name)?.stop()
  }

  async stopSandbox(uid: string): Promise<void> {
    this.#addresses.release(uid)
  }

  async removePod(uid: string): Promise<void> {
    const pod = this.#pods.get(uid)
    this.#pods.delete(uid)
    this.#addresses.release(uid)
    await Promise.all([...(pod?.containers.values() ?? [])].map(container => container.stop()))
  }

  async run(
    reference: ContainerReference,
    command: readonly string[],
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<CommandResult> {
    const container = this.#pods.get(reference.uid)?.containers.get(reference.container)
    if (!container || container.run.exit) return { type: 'failed', message: 'the container does not run' }
    const { isExecutable, runProcess } = await import('./shell/process.ts')
    // What a simulated container does not have cannot be run; it is taken to work.
    if (!isExecutable(command[0] ?? '')) return { type: 'exited', exitCode: 0, output: '' }
    const { Collector, noInput } = await import('./shell/streams.ts')
    const output = new Collector()
    const late = new AbortController()
    const timer = this.#options.clock.after(timeoutMs, () => late.abort(new Error('The time is over')))
    const exitCode = await runProcess({
      argv: command,
      world: await container.world(),
      variables: await container.variables(),
      directory: (await container.environment()).workingDirectory || '/',
      signal: late.signal,
      stdin: noInput,
      stdout: output,
      stderr: output,
    })
    timer.cancel()
    if (late.signal.aborted) return { type: 'timedOut' }
    return { type: 'exited', exitCode, output: output.text }
  }

  async logs(reference: ContainerReference, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    const pod = this.#pods.get(reference.uid)
    const container = (options.previous ? pod?.previous : pod?.containers)?.get(reference.container)
    if (!container) {
      const { container: name, pod: podName } = reference
      throw badRequest(
        options.previous
          ? `previous terminated container "${name}" in pod "${podName}" not found`
          : `container "${name}" in pod "${podName}" is not available`,
      )
    }
    return container.log.read(options, signal)
  }

  #running({ uid, container: name }: ContainerReference): SimulatedContainer {
    const container = this.#pods.get(uid)?.containers.get(name)
    if (container && !container.run.exit) return container
    const message = `container not found ("${name}")`
    throw new StatusError({ code: 404, reason: 'NotFound', message })
  }

  async exec(reference: ContainerReference, options: ExecOptions): Promise<ExecSession> {
    const container = this.#running(reference)
    const { isExecutable } = await import('./shell/process.ts')
    const [name = ''] = options.command
    const session = new SimulatedSession(options)
    if (!isExecutable(name)) {
      const missing = `exec: "${name}": executable file not found in $PATH: unknown`
      void session.refuse(
        `OCI runtime exec failed: exec failed: unable to start container process: ${missing}\n`,
      )
      return session
    }
    void session.run(container, options)
    return session
  }

  async attach(reference: ContainerReference, options: Omit<ExecOptions, 'command'>): Promise<ExecSession> {
    const container = this.#running(reference)
    const session = new SimulatedSession({ ...options, command: [] })
    void session.attach(container)
    return session
  }

  async portForward(pod: Omit<ContainerReference, 'container'>, port: number): Promise<Duplex> {
    const where = `${pod.namespace}/${pod.pod}`
    throw internal(
      undefined,
      `nothing listens on port ${port} of the simulated pod ${where}: connection refused`,
    )
  }
}
