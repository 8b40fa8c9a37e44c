// The host side of a cluster that runs containers: made before the API server listens, since nodes reach
// that at an address which the host gets here, and taken away after everything else.
import { resolve } from 'node:path'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import type { Logger } from '../../component/log.ts'
import type { Exec } from '../../host/exec.ts'
import { listRoutes } from '../../host/route.ts'
import type { ClusterConfig, ClusterOptions } from '../config.ts'
import type { StateDirectory } from '../statedirectory.ts'
import { type ClusterRanges, findFreeRanges, rangesOf, type TakenRange } from './freeranges.ts'
import { type HostNames, hostNames } from './hostnames.ts'
import { readHostRecords, withHostLock, writeHostRecord } from './hostrecord.ts'
import { prepareHostSysctls } from './hostsysctls.ts'
import { checkArchives } from './images.ts'
import { hasRemains, removeRemains } from './remains.ts'
import { hostAddressesOf, Underlay } from './underlay.ts'

export interface HostOptions {
  readonly options: ClusterOptions
  readonly directory: StateDirectory
  readonly exec: Exec
  readonly clock: Clock
  readonly log: Logger
  /** Told what the user should know: ranges that are not the usual ones. */
  readonly notify: (text: string) => void
}

/** In the cluster's directory: the ranges of its last start. */
export const rangesFile = 'ranges.json'

/** What other clusters and this host's routes use. */
async function takenRanges(exec: Exec, ownHash: string): Promise<TakenRange[]> {
  const clusters = readHostRecords().filter(({ hash }) => hash !== ownHash)
  const routes = (await listRoutes(exec)).filter(({ destination }) =>
    /^[\d.]+|^[0-9a-f:]+\//.test(destination),
  )
  return [
    ...clusters.flatMap(({ name, ranges }) =>
      Object.values(ranges)
        .flat()
        .map(range => ({ range, by: `cluster ${name}`, isClusters: true })),
    ),
    ...routes.map(({ destination }) => ({ range: destination, by: 'a route of this host' })),
  ]
}

export class ContainerdHost implements Component {
  readonly name = 'host'
  readonly config: ClusterConfig
  readonly names: HostNames
  readonly underlay: Underlay
  /** The host's own addresses in the nodes' network, in the families' order. */
  readonly addresses: readonly string[]
  readonly #options: HostOptions

  private constructor(options: HostOptions, config: ClusterConfig) {
    this.#options = options
    this.config = config
    this.names = hostNames(resolve(options.directory.path))
    this.underlay = new Underlay(options.exec, this.names)
    this.addresses = hostAddressesOf(config)
  }

  /**
   * Removes what a crash has left, and takes ranges for the cluster, which are its own until it is stopped.
   * Throws ConfigError.
   */
  static async claim(options: HostOptions): Promise<ContainerdHost> {
    const { directory, exec, clock, notify } = options
    checkArchives(options.options.images ?? [])
    const stateDirectory = resolve(directory.path)
    const names = hostNames(stateDirectory)
    if (hasRemains(names)) await removeRemains({ exec, clock, names, stateDirectory })
    const saved = directory.read(rangesFile)
    return withHostLock(clock, async () => {
      const { config, notices } = findFreeRanges(options.options, {
        taken: await takenRanges(exec, names.hash),
        saved: saved === undefined ? undefined : (JSON.parse(saved) as ClusterRanges),
      })
      const ranges = rangesOf(config)
      writeHostRecord({ name: config.name, stateDirectory, hash: names.hash, ranges })
      directory.write(JSON.stringify(ranges), rangesFile)
      for (const notice of notices) notify(notice)
      return new ContainerdHost(options, config)
    })
  }

  async start(): Promise<void> {
    const { exec, clock } = this.#options
    try {
      await withHostLock(clock, () => prepareHostSysctls(exec))
      await this.underlay.create(this.config)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    const { exec, clock, directory } = this.#options
    await removeRemains({ exec, clock, names: this.names, stateDirectory: resolve(directory.path) })
  }
}
