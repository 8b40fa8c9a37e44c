// One node on this host, seen from outside: a first process in namespaces of its own (network, mounts,
// processes, host name, IPC), a cable to the bridge, and in there the node's process. The kernel ends
// everything of the node when its first process ends, so no crash can leave containers behind.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import { type Daemon, startDaemon } from '../../host/daemon.ts'
import type { Exec } from '../../host/exec.ts'
import { addressCommand } from '../../host/link.ts'
import { findProcesses } from '../../host/processes.ts'
import { routeCommand } from '../../host/route.ts'
import { forwarding } from '../../host/sysctl.ts'
import { formatNodeHosts } from '../../kubelet/hosts.ts'
import { type NodeConfig, writeNodeConfig } from './nodeconfig.ts'
import { pauseProgram } from './pause.ts'
import { killNode } from './remains.ts'
import { type Underlay, withPrefix } from './underlay.ts'

export interface NodePlace {
  readonly underlay: Underlay
  /** The host's addresses in the nodes' network: the way to everything else. */
  readonly gateways: readonly string[]
  /** Name of the bridge's end of the cable. */
  readonly port: string
}

export interface NodeMachineOptions {
  readonly exec: Exec
  readonly clock: Clock
  readonly log: Logger
  readonly config: NodeConfig
  /** Its place in the network of nodes; absent: it has the machine's own network. */
  readonly place?: NodePlace
  /** The command line that `node run` is added to. */
  readonly command: readonly string[]
}

/** What a node's process says to who started it. */
export interface NodeMessage {
  readonly ready?: boolean
  readonly error?: string
}

const patienceMs = 10_000
const pollMs = 2
const firstPauseMs = 100
const longestPauseMs = 5000

/** The namespaces of the process `pid`. */
const enter = (pid: number): string[] => [
  `--target=${pid}`,
  '--net',
  '--mount',
  '--pid',
  '--ipc',
  '--uts',
  '--',
]

/** What the node's network namespace gets. */
export function planUplink(config: NodeConfig, gateways: readonly string[]): string[] {
  const { addresses, nodeIPRange } = config
  return [
    'link set lo up',
    ...addresses.map((address, index) => addressCommand('eth0', withPrefix(address, nodeIPRange[index]!))),
    'link set eth0 up',
    ...gateways.map(via => routeCommand({ destination: 'default', via, link: 'eth0' })),
  ]
}

/** A node's process has little to do at a time: small halves for young objects save a sixth of its memory. */
export const planNodeCommand = ([node = '', ...rest]: readonly string[], configFile: string): string[] => [
  node,
  '--max-semi-space-size=2',
  ...rest,
  'node',
  'run',
  '--config',
  configFile,
]

/** Run in the node as its root: its uplink if it has one, a resolver reached from there, its own names. */
const setUpScript = `
{ [ ! -s "$1/uplink" ] || ip -batch "$1/uplink"; } &&
sysctl -q -w "kernel.hostname=$2" ${Object.entries(forwarding)
  .map(([key, value]) => `${key}=${value}`)
  .join(' ')} &&
{ [ ! -e /etc/resolv.conf ] || mount --bind "$1/resolv.conf" /etc/resolv.conf; } &&
{ [ ! -e /etc/hosts ] || mount --bind "$1/hosts" /etc/hosts; }
`

export class NodeMachine {
  readonly #options: NodeMachineOptions
  readonly #log: Logger
  readonly #init: string
  #process: Daemon | undefined
  #isStopped = false
  #wasReady = false
  #pauseMs = firstPauseMs
  #resolveReady: () => void = () => undefined
  #rejectReady: (error: Error) => void = () => undefined
  /** Resolves when the node is Ready; rejects when its process cannot start. */
  readonly ready: Promise<void>

  constructor(options: NodeMachineOptions) {
    this.#options = options
    this.#log = options.log.child(options.config.name)
    this.#init = join(options.config.directory, 'init')
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve
      this.#rejectReady = reject
    })
    this.ready.catch(() => undefined)
  }

  /** Resolves when its process runs; `ready` says when it is Ready. */
  async start(): Promise<void> {
    const { config, place } = this.#options
    for (const directory of [config.directory, config.runDirectory]) {
      mkdirSync(directory, { recursive: true, mode: 0o711 })
    }
    writeNodeConfig(this.#file('node.json'), config)
    writeFileSync(this.#file('uplink'), place ? planUplink(config, place.gateways).join('\n') : '')
    writeFileSync(
      this.#file('resolv.conf'),
      config.nameservers.map(address => `nameserver ${address}\n`).join(''),
    )
    // The host's own may know the loopback of one family only, which is then all that containerd forwards to.
    writeFileSync(this.#file('hosts'), formatNodeHosts(config.addresses, config.name))
    writeFileSync(this.#init, pauseProgram(process.arch), { mode: 0o755 })
    await this.#boot()
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await killNode(this.#init, this.#options.clock)
  }

  #file(name: string): string {
    return join(this.#options.config.directory, name)
  }

  async #boot(): Promise<void> {
    const { exec, place, config } = this.#options
    const flags = [
      ...(place ? ['--net'] : []),
      '--mount',
      '--pid',
      '--ipc',
      '--uts',
      '--fork',
      '--mount-proc',
      '--',
    ]
    const launcher = await startDaemon('unshare', [...flags, this.#init], { logPath: this.#file('log') })
    const pid = await this.#firstProcess(launcher)
    if (place) {
      await exec.run('nsenter', [...enter(pid), 'sysctl', '-q', '-w', 'net.ipv6.conf.default.accept_dad=0'])
      await place.underlay.connect(place.port, { pid, address: config.addresses[0]! })
    }
    const script = ['sh', '-c', setUpScript, 'sh', config.directory, config.name]
    await exec.run('nsenter', [...enter(pid), ...script])
    await this.#launch(pid)
    void launcher.ended.then(() => this.#rebooted())
  }

  async #firstProcess(launcher: Daemon): Promise<number> {
    const { clock, config } = this.#options
    let ended: string | undefined
    void launcher.ended.then(how => {
      ended = how
    })
    const deadline = clock.monotonic() + patienceMs
    for (;;) {
      const [pid] = findProcesses(this.#init)
      if (pid !== undefined) return pid
      if (ended || clock.monotonic() > deadline) {
        throw new Error(
          `Cannot start node ${config.name}: ${ended ?? 'no process'}, see ${this.#file('log')}`,
        )
      }
      await clock.sleep(pollMs)
    }
  }

  /** The node as a whole died: it starts anew, as a machine that lost its power. */
  async #rebooted(): Promise<void> {
    while (!this.#isStopped) {
      this.#log.warn('the node died, it starts anew')
      try {
        await killNode(this.#init, this.#options.clock)
        return await this.#boot()
      } catch (error) {
        this.#log.error('the node does not start', { error: String(error) })
        await this.#pause()
      }
    }
  }

  async #launch(pid: number): Promise<void> {
    const { command } = this.#options
    const args = [...enter(pid), ...planNodeCommand(command, this.#file('node.json'))]
    this.#process = await startDaemon('nsenter', args, {
      logPath: this.#file('log'),
      onMessage: message => this.#heard(message as NodeMessage),
    })
    void this.#process.ended.then(how => this.#ended(pid, how))
  }

  #heard({ ready, error }: NodeMessage): void {
    if (ready) {
      this.#wasReady = true
      this.#pauseMs = firstPauseMs
      this.#resolveReady()
    }
    if (error !== undefined && !this.#wasReady) {
      this.#rejectReady(new Error(`Cannot start node ${this.#options.config.name}: ${error}`))
    }
  }

  /** Only its process ended: another one takes over, and with it the Pods that run on. */
  async #ended(pid: number, how: string): Promise<void> {
    if (this.#isStopped || !findProcesses(this.#init).includes(pid)) return
    this.#log.warn('the process of the node ended, another one starts', { how })
    if (!this.#wasReady) {
      const { name } = this.#options.config
      const text = `Cannot start node ${name}: its process ended with ${how}, see ${this.#file('log')}`
      this.#rejectReady(new Error(text))
    }
    await this.#pause()
    if (this.#isStopped || !findProcesses(this.#init).includes(pid)) return
    await this.#launch(pid)
  }

  async #pause(): Promise<void> {
    await this.#options.clock.sleep(this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
  }
}
