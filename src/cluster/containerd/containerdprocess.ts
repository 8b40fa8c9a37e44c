// A node's own containerd: started when it does not answer, and again when it has died. It and its
// containers outlive the node's process, whose next incarnation finds them at the same socket.
import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import type { Logger } from '../../component/log.ts'
import { startDaemon } from '../../host/daemon.ts'
import type { Exec } from '../../host/exec.ts'
import { writePrivate } from '../statedirectory.ts'
import { type ContainerdSettings, formatContainerdConfig } from './containerdconfig.ts'
import { containerdSocket } from './hostnames.ts'
import { importImages } from './images.ts'
import { pauseImage, pauseImageArchive } from './pause.ts'

export interface ContainerdProcessOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly exec: Exec
  /** Kept. */
  readonly directory: string
  readonly runDirectory: string
  readonly pluginDirectory: string
  readonly cniConfigDirectory: string
}

const patienceMs = 30_000
const pollMs = 10
const againMs = 200

/** f_type of a file system on which overlayfs does not stack: its own. */
const overlayType = 0x794c7630

/** Bit 24 of a process's effective capabilities. */
export const hasResourceCapability = (status: string): boolean => {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'
  return ((BigInt(`0x${effective}`) >> 24n) & 1n) === 1n
}

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

export class ContainerdProcess implements Component {
  readonly name = 'containerd'
  readonly #options: ContainerdProcessOptions
  readonly #log: Logger
  #connection: Socket | undefined
  #isStopped = false

  constructor(options: ContainerdProcessOptions) {
    this.#options = options
    this.#log = options.log.child('containerd')
  }

  get socketPath(): string {
    return containerdSocket(this.#options.runDirectory)
  }

  /** Resolves when it answers and has the image of Pods' sandboxes. */
  async start(): Promise<void> {
    const { directory, runDirectory, exec } = this.#options
    for (const path of [directory, runDirectory]) mkdirSync(path, { recursive: true, mode: 0o711 })
    writePrivate(join(directory, 'containerd.toml'), formatContainerdConfig(this.#settings()))
    await this.#ensure()
    const archive = join(directory, 'pause.tar')
    writeFileSync(archive, pauseImageArchive(process.arch), { mode: 0o600 })
    await importImages(exec, this.socketPath, archive)
    this.#log.debug('sandbox image imported', { image: pauseImage })
  }

  /** It runs on. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#connection?.destroy()
  }

  #settings(): ContainerdSettings {
    const { directory, runDirectory, pluginDirectory, cniConfigDirectory } = this.#options
    return {
      root: join(directory, 'containerd'),
      state: join(runDirectory, 'containerd'),
      socket: this.socketPath,
      snapshotter: statfsSync(directory).type === overlayType ? 'native' : 'overlayfs',
      cniConfigDirectory,
      cniPluginDirectory: pluginDirectory,
      restrictOOMScoreAdjustment: !hasResourceCapability(readFileSync('/proc/self/status', 'utf8')),
    }
  }

  /** Connects, and starts it first when nobody is there. */
  async #ensure(): Promise<void> {
    const { clock } = this.#options
    const found = await connectTo(this.socketPath).catch(() => undefined)
    if (found) return this.#watch(found)
    const { directory } = this.#options
    const logPath = join(directory, 'containerd.log')
    const daemon = await startDaemon('containerd', ['--config', join(directory, 'containerd.toml')], {
      logPath,
    })
    let ended: string | undefined
    void daemon.ended.then(how => {
      ended = how
    })
    const deadline = clock.monotonic() + patienceMs
    while (!this.#isStopped) {
      const connection = await connectTo(this.socketPath).catch(() => undefined)
      if (connection) return this.#watch(connection)
      if (ended) throw new Error(`Cannot start containerd: it ended with ${ended}, see ${logPath}`)
      if (clock.monotonic() > deadline) {
        throw new Error(`Cannot start containerd: no answer after ${patienceMs / 1000} s, see ${logPath}`)
      }
      await clock.sleep(pollMs)
    }
  }

  /** A connection that says nothing ends when containerd does, or when that tires of it. */
  #watch(connection: Socket): void {
    this.#connection = connection
    connection.on('error', () => undefined)
    connection.resume()
    connection.unref()
    connection.once('close', () => void this.#again())
    if (this.#isStopped) connection.destroy()
  }

  async #again(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#ensure()
        return
      } catch (error) {
        this.#log.error('containerd does not come back', { error: String(error) })
        await this.#options.clock.sleep(againMs)
      }
    }
  }
}
