// The runtime of simulated nodes: no processes, no images, no network. Pods get addresses and go Ready;
// logs, exec and attach answer from what the kubelet made for the container, through the simulated shell.
import { type Duplex, PassThrough, type Readable } from 'node:stream'
import type { Pod } from '../api/generated/types.ts'
import type {
  ContainerReference,
  ExecOptions,
  ExecOutcome,
  ExecSession,
  LogOptions,
} from '../api/kubeletapi.ts'
import { badRequest, internal, StatusError } from '../api/status.ts'
import type { Clock } from '../component/clock.ts'
import type { FileTree } from './filesystem.ts'
import { imageName } from './image.ts'
import { PodAddresses } from './podaddresses.ts'
import { type ContainerStart, type PodRuntime, type RuntimeContainer, RuntimeError } from './runtime.ts'
import { SimulatedContainer } from './simulatedcontainer.ts'

export interface SimulatedRuntimeOptions {
  readonly clock: Clock
  /** The node's own, for Pods in its network. */
  readonly nodeAddresses: readonly string[]
  /** Addresses of a name, as cluster DNS would answer a Pod of the namespace. */
  readonly resolve: (name: string, namespace: string) => readonly string[]
}

interface SimulatedPod {
  podIPs: readonly string[]
  readonly containers: Map<string, SimulatedContainer>
  /** The runs before the last ones, for `logs --previous`. */
  previous?: Map<string, SimulatedContainer>
  volumes?: Map<string, FileTree>
  pulls?: Map<string, { failures: number; untilMs: number }>
}

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

  /** Until the node has its ranges, Pods wait for a network. */
  setPodCIDRs(podCIDRs: readonly string[]): void {
    this.#addresses.setRanges(podCIDRs)
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
    this.#pods.set(uid, {
      podIPs,
      containers: new Map(),
    })
    return podIPs
  }

  async startContainer(start: ContainerStart): Promise<RuntimeContainer> {
    const pod = this.#pods.get(start.pod.metadata.uid ?? '')
    if (!pod) throw new RuntimeError('RunContainerError', 'the Pod has no sandbox')
    this.#pull(start, pod)
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
  #pull({ container }: ContainerStart, pod: SimulatedPod): void {
    const image = container.image ?? ''
    const name = imageName(image)
    if (!name) {
      const why = `couldn't parse image name "${image}": invalid reference format`
      throw new RuntimeError('InvalidImageName', `Failed to apply default image tag "${image}": ${why}`)
    }
    const host = name.registry.replace(/:\d+$/, '')
    if (!host.endsWith('.invalid')) return
    const now = this.#options.clock.now()
    const known = pod.pulls?.get(container.name) ?? { failures: 0, untilMs: 0 }
    const why =
      `failed to pull and unpack image "${name.image}": failed to resolve reference "${name.image}": ` +
      `failed to do request: dial tcp: lookup ${host}: no such host`
    if (known.untilMs > now) {
      throw new RuntimeError('ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${why}`)
    }
    known.untilMs = now + Math.min(10_000 * 2 ** known.failures, 300_000)
    known.failures++
    pod.pulls ??= new Map()
    pod.pulls.set(container.name, known)
    throw new RuntimeError('ErrImagePull', why)
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
  ): Promise<{ exitCode: number; output: string }> {
    const container = this.#pods.get(reference.uid)?.containers.get(reference.container)
    if (!container || container.run.exit) return { exitCode: 1, output: 'the container does not run' }
    const { isExecutable, runProcess } = await import('./shell/process.ts')
    // What a simulated container does not have cannot be run; it is taken to work.
    if (!isExecutable(command[0] ?? '')) return { exitCode: 0, output: '' }
    const { Collector, noInput } = await import('./shell/streams.ts')
    const output = new Collector()
    const exitCode = await runProcess({
      argv: command,
      world: await container.world(),
      variables: await container.variables(),
      directory: (await container.environment()).workingDirectory || '/',
      signal: new AbortController().signal,
      stdin: noInput,
      stdout: output,
      stderr: output,
    })
    return { exitCode, output: output.text }
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

/** One exec or attach: Node streams on the client's side, the shell's on the other. */
class SimulatedSession implements ExecSession {
  readonly stdin?: PassThrough
  readonly stdout?: PassThrough
  readonly stderr?: PassThrough
  readonly outcome: Promise<ExecOutcome>
  readonly #isTerminal: boolean
  readonly #closing = new AbortController()
  #settle: (outcome: ExecOutcome) => void = () => undefined
  #onResize: (size: { columns: number; rows: number }) => void = () => undefined

  constructor({ stdin, stdout, stderr, tty }: ExecOptions) {
    if (stdin) this.stdin = new PassThrough()
    if (stdout || tty) this.stdout = new PassThrough()
    if (stderr && !tty) this.stderr = new PassThrough()
    this.#isTerminal = tty
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.on('error', () => undefined)
    this.outcome = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  resize(size: { columns: number; rows: number }): void {
    this.#onResize(size)
  }

  close(): void {
    this.#closing.abort(new Error('The client has gone'))
    this.stdin?.destroy()
    this.stdout?.destroy()
    this.stderr?.destroy()
  }

  /** The outcome is told when all that was written has been taken, so that nobody hangs up too early. */
  #finish(outcome: ExecOutcome): void {
    const streams = [this.stdout, this.stderr].filter(stream => stream !== undefined)
    const taken = streams.map(
      stream =>
        new Promise<void>(resolve => {
          if (stream.destroyed || stream.readableEnded) resolve()
          for (const event of ['end', 'close']) stream.once(event, () => resolve())
          stream.end()
        }),
    )
    void Promise.all(taken).then(() => this.#settle(outcome))
  }

  async refuse(message: string): Promise<void> {
    ;(this.stderr ?? this.stdout)?.write(message)
    this.#finish({ type: 'exited', exitCode: 127 })
  }

  async run(container: SimulatedContainer, { command }: ExecOptions): Promise<void> {
    try {
      const { runProcess } = await import('./shell/process.ts')
      const { inputFrom, noInput, noOutput, outputTo } = await import('./shell/streams.ts')
      const stdin = this.stdin ? inputFrom(this.stdin) : noInput
      const stdout = this.stdout ? outputTo(this.stdout) : noOutput
      const variables = await container.variables()
      if (this.#isTerminal) variables.set('TERM', 'xterm')
      const exitCode = await runProcess({
        argv: command,
        world: await container.world(),
        variables,
        directory: (await container.environment()).workingDirectory || '/',
        signal: this.#closing.signal,
        stdin,
        stdout,
        stderr: this.stderr ? outputTo(this.stderr) : noOutput,
        ...(this.#isTerminal ? { terminal: await this.#openTerminal(stdout, stdin) } : {}),
      })
      this.#finish({ type: 'exited', exitCode })
    } catch (error) {
      this.#finish({ type: 'failed', message: String(error) })
    }
  }

  async #openTerminal(
    stdout: import('./shell/streams.ts').Output,
    stdin: import('./shell/streams.ts').Input,
  ) {
    const { Terminal } = await import('./shell/terminal.ts')
    const terminal = new Terminal(stdout)
    this.#onResize = size => {
      terminal.size = size
    }
    if (this.stdin) void terminal.feed(stdin)
    return terminal
  }

  /** The first to attach to a terminal sees what was written before it came: the prompt. */
  async attach(container: SimulatedContainer): Promise<void> {
    const { inputFrom, outputTo } = await import('./shell/streams.ts')
    const { stdout } = this
    if (stdout) {
      const output = outputTo(stdout)
      if (container.start.container.tty && !container.isWatched) stdout.write(container.log.text)
      const unwatch = container.watch(output)
      this.#closing.signal.addEventListener('abort', unwatch, { once: true })
    }
    if (this.stdin && container.input) void this.#forward(inputFrom(this.stdin), container)
    const gone = new Promise<void>(resolve => {
      this.#closing.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([container.exited.then(() => (container.run.exit ? undefined : gone)), gone])
    this.#finish({ type: 'exited', exitCode: container.run.exit?.exitCode ?? 0 })
  }

  async #forward(input: import('./shell/streams.ts').Input, container: SimulatedContainer): Promise<void> {
    for (let chunk = await input.read(); chunk; chunk = await input.read())
      await container.input?.write(chunk)
    if (container.start.container.stdinOnce && !this.#isTerminal) container.input?.close()
  }
}
