// A node's own part of the Pod network: as soon as the node has its ranges, the bridge, the rules for the way
// out and the CNI configuration, which tells the container runtime that the network is ready.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Node } from '../../api/generated/types.ts'
import { nodes } from '../../api/resources/core/node.ts'
import type { Informer } from '../../client/informer.ts'
import type { Informers } from '../../client/informers.ts'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import { type Logger, silentLogger } from '../../component/log.ts'
import { SyncLoop } from '../../component/syncloop.ts'
import type { Exec } from '../../host/exec.ts'
import { removeLink } from '../../host/link.ts'
import type { Nft } from '../nftables/nft.ts'
import { enableForwarding, ensureBridge, findUplink, smallestMTU } from './bridge.ts'
import { conflistName, planConflist } from './conflist.ts'
import { planEgress, removeEgress } from './egress.ts'

export interface PodNetworkOptions {
  readonly informers: Informers
  readonly clock: Clock
  readonly log?: Logger
  /** Both bound to the node's network namespace. */
  readonly exec: Exec
  readonly nft: Nft
  readonly nodeName: string
  /** Where the container runtime looks for its configuration, `/etc/cni/net.d`. */
  readonly confDir: string
  /** Where host-local keeps what is taken; to be emptied when the host starts: below /run. */
  readonly dataDir: string
  /** Ranges of all Pods, Services and nodes: what goes there keeps the Pod's address. */
  readonly insideRanges: readonly string[]
  /** Default `cni0`. */
  readonly bridge?: string
  /** Default: that of the link with the node's address. */
  readonly mtu?: number
}

/** Others may flush rules or take links away; nobody tells. */
const resyncMs = 60_000

const internalAddresses = ({ status }: Node): string[] =>
  (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address)

export class PodNetwork implements Component {
  readonly name = 'Pod network'
  readonly #options: PodNetworkOptions
  readonly #log: Logger
  readonly #nodes: Informer<Node>
  readonly #loop: SyncLoop
  readonly #bridge: string
  #removeHandlers: () => void = () => undefined

  constructor(options: PodNetworkOptions) {
    this.#options = options
    this.#bridge = options.bridge ?? 'cni0'
    this.#log = (options.log ?? silentLogger).child('podnetwork')
    this.#nodes = options.informers.of(nodes)
    this.#loop = new SyncLoop({
      clock: options.clock,
      run: () => this.#sync(),
      onError: error => this.#log.error('cannot set up the Pod network', { error: String(error) }),
      resyncMs,
    })
  }

  /** Resolves at once when the node has no ranges yet: they come later. */
  async start(): Promise<void> {
    await this.#options.informers.start()
    await this.#nodes.synced
    const changed = ({ metadata }: Node) => {
      if (metadata.name === this.#options.nodeName) this.#loop.request()
    }
    this.#removeHandlers = this.#nodes.addHandlers({
      add: changed,
      update: (node, previous) => {
        if (String(node.spec?.podCIDRs) !== String(previous.spec?.podCIDRs)) changed(node)
      },
    })
    await this.#loop.start()
  }

  /** Everything stays: Pods go on while a node's process is replaced. */
  async stop(): Promise<void> {
    this.#removeHandlers()
    await this.#loop.stop()
  }

  /** Removes what was made, also by a process before this one. Pods must be gone. */
  async cleanup(): Promise<void> {
    const { exec, nft, confDir, dataDir } = this.#options
    await rm(join(confDir, conflistName), { force: true })
    await nft.run(removeEgress())
    await removeLink(exec, this.#bridge)
    await rm(dataDir, { recursive: true, force: true })
  }

  async #sync(): Promise<void> {
    const { exec, nft, nodeName, insideRanges, dataDir } = this.#options
    const node = this.#nodes.get(nodeName)
    const podCIDRs = node?.spec?.podCIDRs ?? []
    if (!node || podCIDRs.length === 0) return
    const uplink = await findUplink(exec, internalAddresses(node))
    const mtu = this.#options.mtu ?? uplink.mtu
    if (mtu < smallestMTU) {
      this.#log.warn('the MTU is too small for IPv6', { mtu, smallest: smallestMTU })
    }
    await enableForwarding(exec, uplink.name)
    await ensureBridge({ exec, name: this.#bridge, podCIDRs, mtu })
    await nft.run(planEgress({ podCIDRs, insideRanges }))
    await this.#writeConflist(planConflist({ podCIDRs, bridge: this.#bridge, mtu, dataDir }))
  }

  /** In one step, and only when it is another one: the runtime reads the file whenever it changes. */
  async #writeConflist(conflist: object): Promise<void> {
    const { confDir } = this.#options
    const file = join(confDir, conflistName)
    const text = `${JSON.stringify(conflist, undefined, 2)}\n`
    if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return
    await mkdir(confDir, { recursive: true })
    const unfinished = join(confDir, `.${conflistName}.unfinished`)
    await writeFile(unfinished, text)
    await rename(unfinished, file)
    this.#log.info('the Pod network is ready', { file })
  }
}
