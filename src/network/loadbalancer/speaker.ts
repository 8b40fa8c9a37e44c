// Answers for addresses of load balancers on the node's link, by ARP and neighbour discovery, which is what
// the kernel does for every address of a link. Which addresses is decided by all nodes alike (plan.ts); the
// Service proxy takes the packets from there.
import type { EndpointSlice, Node, Service } from '../../api/generated/types.ts'
import { nodes } from '../../api/resources/core/node.ts'
import { services } from '../../api/resources/core/service.ts'
import { endpointSlices } from '../../api/resources/discovery.k8s.io/endpointslice.ts'
import { type Informer, keyOf } from '../../client/informer.ts'
import type { Informers } from '../../client/informers.ts'
import type { Clock, Timer } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import { type Logger, silentLogger } from '../../component/log.ts'
import { SyncLoop } from '../../component/syncloop.ts'
import type { Exec } from '../../host/exec.ts'
import type { Nft } from '../nftables/nft.ts'
import { announceAddresses, heldAddresses, holdAddresses, prepareLink, releaseAddress } from './addresses.ts'
import { planFilter, removeFilter } from './filter.ts'
import { loadBalancerAddresses, planAnnouncements } from './plan.ts'

export interface LoadBalancerSpeakerOptions {
  readonly informers: Informers
  readonly clock: Clock
  readonly log?: Logger
  /** Both bound to the node's network namespace. */
  readonly exec: Exec
  readonly nft: Nft
  readonly nodeName: string
  /** The link on which neighbours are, `eth0`. */
  readonly link: string
}

const resyncMs = 60_000
/** Neighbours do not hear everything, nor do they believe what changes twice in a second. */
const repeatAfterMs = [1100, 3000]

const balancedIndex = 'loadbalancer/addresses'
const sliceIndex = 'loadbalancer/service'

const serviceOf = ({ metadata }: EndpointSlice): string =>
  `${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`

/** What of a Node matters here; its status changes often. */
const nodeFacts = ({ metadata, status }: Node): string =>
  JSON.stringify([
    metadata.labels,
    metadata.deletionTimestamp,
    status?.addresses,
    status?.conditions?.find(({ type }) => type === 'Ready')?.status,
  ])

export class LoadBalancerSpeaker implements Component {
  readonly name = 'load balancer speaker'
  readonly #options: LoadBalancerSpeakerOptions
  readonly #log: Logger
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #nodes: Informer<Node>
  readonly #loop: SyncLoop
  readonly #timers = new Set<Timer>()
  #removals: (() => void)[] = []

  constructor(options: LoadBalancerSpeakerOptions) {
    this.#options = options
    this.#log = (options.log ?? silentLogger).child('loadbalancer')
    this.#services = options.informers.of(services)
    this.#slices = options.informers.of(endpointSlices)
    this.#nodes = options.informers.of(nodes)
    this.#services.addIndex(balancedIndex, service =>
      loadBalancerAddresses(service).length > 0 ? ['yes'] : [],
    )
    this.#slices.addIndex(sliceIndex, slice => [serviceOf(slice)])
    this.#loop = new SyncLoop({
      clock: options.clock,
      run: () => this.#sync(),
      onError: error => this.#log.error('cannot answer for load balancers', { error: String(error) }),
      resyncMs,
    })
  }

  /** Resolves when the node answers for its share of the addresses known so far. */
  async start(): Promise<void> {
    await this.#options.informers.start()
    await Promise.all([this.#services.synced, this.#slices.synced, this.#nodes.synced])
    await prepareLink(this.#options.exec, this.#options.link)
    this.#watch()
    await this.#loop.start()
  }

  /** Addresses stay: another process of this node takes over. */
  async stop(): Promise<void> {
    for (const remove of this.#removals.splice(0)) remove()
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    await this.#loop.stop()
  }

  /** Gives up every address, also those of an earlier process. */
  async cleanup(): Promise<void> {
    const { exec, link, nft } = this.#options
    for (const address of await heldAddresses(exec, link)) await releaseAddress(exec, link, address)
    await nft.run(removeFilter())
  }

  #watch(): void {
    const changed = () => this.#loop.request()
    const ofService = (service: Service) => {
      if (loadBalancerAddresses(service).length > 0) changed()
    }
    const ofSlice = (slice: EndpointSlice) => {
      const service = this.#services.get(serviceOf(slice))
      if (service?.spec?.externalTrafficPolicy === 'Local') ofService(service)
    }
    this.#removals = [
      this.#services.addHandlers({
        add: ofService,
        delete: ofService,
        update: (service, previous) => {
          ofService(service)
          ofService(previous)
        },
      }),
      this.#slices.addHandlers({ add: ofSlice, update: ofSlice, delete: ofSlice }),
      this.#nodes.addHandlers({
        add: changed,
        delete: changed,
        update: (node, previous) => {
          if (nodeFacts(node) !== nodeFacts(previous)) changed()
        },
      }),
    ]
  }

  async #sync(): Promise<void> {
    const { exec, link, nft, nodeName } = this.#options
    const wanted = planAnnouncements(nodeName, {
      services: this.#services.byIndex(balancedIndex, 'yes'),
      nodes: this.#nodes.values(),
      slicesOf: service => this.#slices.byIndex(sliceIndex, keyOf(service)),
    })
    const found = await heldAddresses(exec, link)
    const missing = wanted.filter(address => !found.includes(address))
    const superfluous = found.filter(address => !wanted.includes(address))
    await nft.run(planFilter(wanted))
    for (const address of superfluous) await releaseAddress(exec, link, address)
    await holdAddresses(exec, link, missing)
    if (superfluous.length > 0) this.#log.info('gives up addresses', { addresses: superfluous })
    if (missing.length === 0) return
    this.#log.info('answers for addresses', { addresses: missing })
    await announceAddresses(exec, link)
    for (const delayMs of repeatAfterMs) this.#announceAfter(delayMs)
  }

  #announceAfter(delayMs: number): void {
    const { clock, exec, link } = this.#options
    const timer = clock.after(delayMs, () => {
      this.#timers.delete(timer)
      announceAddresses(exec, link).catch(error =>
        this.#log.warn('cannot tell neighbours of addresses', { error: String(error) }),
      )
    })
    this.#timers.add(timer)
  }
}
