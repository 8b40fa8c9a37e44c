// One run of a container on a simulated node: a server of which nothing is known and that runs until it is
// stopped, or a process of the simulated shell. Files, variables and shell are made when somebody looks.

import { createHash } from 'node:crypto'
import { formatTime } from '../api/meta/timestamps.ts'
import { type Clock, nextTurn } from '../component/clock.ts'
import { withoutTrailing } from '../component/text.ts'
import { ContainerFiles, FileTree, type Mounted } from './filesystem.ts'
import { imageCommand, imageName } from './image.ts'
import { LogBuffer } from './logbuffer.ts'
import type { ContainerEnvironment, ContainerExit, ContainerStart, RuntimeContainer } from './runtime.ts'
import type { Output, Pipe } from './shell/streams.ts'
import type { Terminal } from './shell/terminal.ts'
import type { World } from './shell/world.ts'

export interface SimulatedSurroundings {
  readonly clock: Clock
  /** Addresses of a name, as cluster DNS would answer. */
  readonly resolve: (name: string, namespace: string) => readonly string[]
  /** The Pod's volumes that containers may write to, by name. */
  readonly volumes: () => Map<string, FileTree>
  readonly onExit: () => void
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const folders = [
  'dev',
  'home',
  'mnt',
  'opt',
  'proc',
  'root',
  'run',
  'srv',
  'sys',
  'tmp',
  'usr/bin',
  'var/log',
]
const terminationLog = '/dev/termination-log'
const mostMessageBytes = 4096
const turnsToEnd = 10

const identifier = (start: ContainerStart) => {
  const { uid, name } = start.pod.metadata
  const hash = createHash('sha256').update(`${uid}/${name}/${start.container.name}/${start.attempt}`)
  return `simulated://${hash.digest('hex')}`
}

export class SimulatedContainer {
  readonly start: ContainerStart
  readonly #surroundings: SimulatedSurroundings
  #run: RuntimeContainer
  #log: LogBuffer | undefined
  #environment: Promise<ContainerEnvironment> | undefined
  #world: Promise<World> | undefined
  #stopping: AbortController | undefined
  #exited: Promise<void> | undefined
  /** Where what is typed at an attached client goes. */
  input: Pipe | undefined
  terminal: Terminal | undefined
  /** Who sees what the process writes, besides the log. */
  #watchers: Set<Output> | undefined

  constructor(start: ContainerStart, surroundings: SimulatedSurroundings, known?: RuntimeContainer) {
    this.start = start
    this.#surroundings = surroundings
    const { container } = start
    const { image, imageID } = imageName(container.image ?? '') ?? {
      image: container.image ?? '',
      imageID: '',
    }
    this.#run = known ?? {
      name: container.name,
      id: identifier(start),
      image,
      imageID,
      attempt: start.attempt,
      startedAt: formatTime(surroundings.clock.now()),
    }
  }

  get run(): RuntimeContainer {
    return this.#run
  }

  get log(): LogBuffer {
    this.#log ??= new LogBuffer(this.#surroundings.clock)
    if (this.#run.exit) this.#log.close()
    return this.#log
  }

  /** Resolves at once, or nearly; what the container does goes on behind. */
  async begin(): Promise<void> {
    const { command, args, image = '' } = this.start.container
    // Arguments without a command take the place of the image's own command, as in most images.
    const own = command?.length || args?.length ? undefined : imageCommand(image)
    const raw = own ?? [...(command ?? []), ...(args ?? [])]
    if (raw.length === 0) return
    // Most containers that have a command do nothing but sleep: no shell for them.
    if (raw.length === 2 && raw[0] === 'sleep' && /^\d{1,6}$/.test(raw[1] ?? '')) {
      this.#exited = this.#sleep(Number(raw[1]) * 1000)
      return
    }
    const { isExecutable } = await import('./shell/process.ts')
    if (!isExecutable(raw[0] ?? '')) return
    this.#exited = this.#execute(own)
    await this.#giveTurns()
  }

  /** What ends at once is reported as ended, never as running: a real kubelet does not notice it before. */
  async #giveTurns(): Promise<void> {
    for (let turn = 0; turn < turnsToEnd && !this.#run.exit; turn++) await nextTurn()
  }

  async #sleep(delayMs: number): Promise<void> {
    this.#stopping = new AbortController()
    await this.#surroundings.clock.sleep(delayMs, this.#stopping.signal).catch(() => undefined)
    this.#end(this.#stopping.signal.aborted ? 143 : 0)
  }

  async #execute(own: readonly string[] | undefined): Promise<void> {
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    try {
      const { runProcess } = await import('./shell/process.ts')
      const streams = await this.#openStreams()
      const environment = await this.environment()
      const argv = [...(environment.command ?? own ?? []), ...(environment.args ?? [])]
      const variables = await this.variables()
      const directory = environment.workingDirectory || '/'
      const world = await this.world()
      this.#end(await runProcess({ argv, world, variables, directory, signal, ...streams }))
    } catch (error) {
      this.log.write(`${String(error)}\n`)
      this.#end(signal.aborted ? 143 : 128)
    }
  }

  async #openStreams() {
    const { Pipe, noInput } = await import('./shell/streams.ts')
    const output: Output = {
      write: async data => {
        this.log.write(data.toString())
        for (const watcher of this.#watchers ?? []) {
          await watcher.write(data).catch(() => this.#watchers?.delete(watcher))
        }
      },
    }
    const { stdin, tty } = this.start.container
    if (stdin || tty) this.input = new Pipe()
    const streams = { stdin: this.input ?? noInput, stdout: output, stderr: output }
    if (!tty || !this.input) return streams
    const { Terminal } = await import('./shell/terminal.ts')
    this.terminal = new Terminal(output)
    void this.terminal.feed(this.input)
    return { ...streams, terminal: this.terminal }
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    if (this.#run.exit) return
    this.#stopping?.abort(new Error('The container is stopped'))
    await this.#exited
    if (!this.#run.exit) this.#end(0)
  }

  /** Somebody has been attached to it. */
  get wasWatched(): boolean {
    return this.#watchers !== undefined
  }

  /** Returns a function that ends it. */
  watch(output: Output): () => void {
    this.#watchers ??= new Set()
    this.#watchers.add(output)
    return () => void this.#watchers?.delete(output)
  }

  get exited(): Promise<void> {
    return this.#exited ?? Promise.resolve()
  }

  #end(exitCode: number): void {
    if (this.#run.exit) return
    const message = this.#lastWords(exitCode)
    const exit: ContainerExit = {
      exitCode,
      finishedAt: formatTime(this.#surroundings.clock.now()),
      reason: exitCode === 0 ? 'Completed' : 'Error',
      ...(message ? { message } : {}),
    }
    this.#run = { ...this.#run, exit }
    this.#log?.close()
    this.input?.close()
    this.#surroundings.onExit()
  }

  /** What it wrote to its termination message path, or at the end of its log. */
  #lastWords(exitCode: number): string {
    const { terminationMessagePath = terminationLog, terminationMessagePolicy } = this.start.container
    const file =
      this.#files?.kind(terminationMessagePath) === 'file' && this.#files.read(terminationMessagePath)
    if (file && file.length > 0) return file.toString('utf8', 0, mostMessageBytes)
    const fallsBack = terminationMessagePolicy === 'FallbackToLogsOnError' && exitCode !== 0
    return fallsBack ? (this.#log?.text ?? '').split('\n').slice(-81).join('\n').slice(-2048) : ''
  }

  #files: ContainerFiles | undefined

  environment(): Promise<ContainerEnvironment> {
    this.#environment ??= this.start.environment()
    return this.#environment
  }

  /** With those the runtime adds. */
  async variables(): Promise<Map<string, string>> {
    const { variables, hostname } = await this.environment()
    const all = new Map([['PATH', path] as const, ['HOSTNAME', hostname] as const, ...variables])
    if (this.start.container.tty) all.set('TERM', 'xterm')
    if (!all.has('HOME')) all.set('HOME', '/root')
    return all
  }

  /** As it is now: ConfigMaps, Secrets and the downward API may have changed. */
  async world(): Promise<World> {
    const known = this.#world
    this.#world ??= this.#makeWorld()
    const world = await this.#world
    if (known) world.files.setMounts(await this.#mounts())
    return world
  }

  async #makeWorld(): Promise<World> {
    const environment = await this.environment()
    const { pod, container } = this.start
    const { commandNames } = await import('./shell/process.ts')
    const context = { ...pod.spec?.securityContext, ...container.securityContext }
    const user = { uid: context.runAsUser ?? 0, gid: context.runAsGroup ?? 0 }
    const root = new FileTree()
    for (const folder of folders) root.folders.add(folder)
    for (const name of commandNames) root.files.set(`bin/${name}`, Buffer.alloc(0))
    const etc: Readonly<Record<string, string>> = {
      hosts: environment.hosts,
      'resolv.conf': environment.resolvConf,
      hostname: `${environment.hostname}\n`,
      passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
      group: 'root:x:0:\nnobody:x:65534:\n',
      'os-release': 'NAME="futago simulated container"\nID=futago\n',
    }
    for (const [name, text] of Object.entries(etc)) root.files.set(`etc/${name}`, Buffer.from(text))
    root.files.set(terminationLog.slice(1), Buffer.alloc(0))
    const directory = withoutTrailing(environment.workingDirectory ?? '', '/').replace(/^\/+/, '')
    if (directory) root.folders.add(directory)
    const files = new ContainerFiles(root)
    this.#files = files
    files.setMounts(await this.#mounts())
    const namespace = pod.metadata.namespace ?? ''
    return {
      files,
      hostname: environment.hostname,
      podIPs: environment.podIPs,
      user,
      clock: this.#surroundings.clock,
      resolve: async name => this.#resolve(name, namespace),
      nameserver: /^nameserver (\S+)/m.exec(environment.resolvConf)?.[1] ?? '',
    }
  }

  #resolve(name: string, namespace: string): readonly string[] {
    const hosts = this.#files?.kind('/etc/hosts') === 'file' ? this.#files.read('/etc/hosts').toString() : ''
    const found = hosts
      .split('\n')
      .map(line => line.replace(/#.*/, '').trim().split(/\s+/))
      .filter(([ip, ...names]) => ip && names.includes(name))
      .map(([ip]) => ip ?? '')
    return found.length > 0 ? found : this.#surroundings.resolve(name, namespace)
  }

  async #mounts(): Promise<Mounted[]> {
    const { mounts } = await this.environment()
    return Promise.all(
      mounts.map(async ({ path: at, subPath, isReadOnly, isWritable, volume, files }) => {
        const shared = this.#surroundings.volumes().get(volume)
        const tree = shared ?? FileTree.of(await files().catch(() => new Map<string, Buffer>()))
        if (isWritable && !shared) this.#surroundings.volumes().set(volume, tree)
        return { path: at, tree, subPath, isReadOnly }
      }),
    )
  }
}
