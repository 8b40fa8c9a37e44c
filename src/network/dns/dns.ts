// The cluster's DNS server as a part of the cluster: authoritative for the cluster's domain, forwarding
// for the rest, reachable as the Service kube-dns.
import { readFile } from 'node:fs/promises'
import type { EndpointSlice, Service } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { namespaces } from '../../api/resources/core/namespace.ts'
import { services } from '../../api/resources/core/service.ts'
import { endpointSlices } from '../../api/resources/discovery.k8s.io/endpointslice.ts'
import type { Client } from '../../client/client.ts'
import type { Informer } from '../../client/informer.ts'
import type { Informers } from '../../client/informers.ts'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import { type Logger, silentLogger } from '../../component/log.ts'
import { Periodic } from '../../component/periodic.ts'
import { canonicalAddress } from '../../ip/address.ts'
import { parseCIDR } from '../../ip/cidr.ts'
import type { Upstream } from './exchange.ts'
import { Forwarder } from './forwarder.ts'
import { publishKubeDNS } from './kubednspublisher.ts'
import { kubeDNS } from './kubednsservice.ts'
import type { Question } from './message.ts'
import { type Answer, addressIndex, type DNSContext, serviceKeyIndex } from './plugin.ts'
import { plugins } from './plugins/index.ts'
import { clusterAddresses } from './records.ts'
import { parseNameservers } from './resolvconf.ts'
import { DNSServer } from './server.ts'

export interface ClusterDNSOptions {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly log?: Logger
  /** Where to listen, at most one address for each family. */
  readonly addresses: readonly string[]
  /** Where nodes reach it, when that is not where it listens. */
  readonly endpoints?: readonly string[]
  /** Default 53; 0 takes a free one. */
  readonly port?: number
  /** ClusterIPs of the Service kube-dns, primary family first; none: no Service is made. */
  readonly clusterIPs: readonly string[]
  /** Default `cluster.local`. */
  readonly domain?: string
  /** Ranges of Pods and Services: names of their addresses are never asked outside. */
  readonly ranges?: readonly string[]
  /** Whom to ask about the world; default: those in `resolvConfPath`, followed as the file changes. */
  readonly upstreams?: readonly Upstream[]
  /** Default `/etc/resolv.conf`. */
  readonly resolvConfPath?: string
}

const upkeepMs = 15_000
const republishMs = 100

const addressesOfSlice = ({ endpoints }: EndpointSlice): string[] =>
  (endpoints ?? []).flatMap(({ addresses }) => addresses.map(one => canonicalAddress(one) ?? one))

const serviceOfSlice = ({ metadata }: EndpointSlice): string[] => {
  const name = metadata.labels?.['kubernetes.io/service-name']
  return name ? [`${metadata.namespace}/${name}`] : []
}

export class ClusterDNS implements Component {
  readonly name = 'cluster DNS'
  readonly #options: ClusterDNSOptions
  readonly #log: Logger
  readonly #forwarder: Forwarder
  readonly #context: DNSContext
  readonly #server: DNSServer
  readonly #upkeep: Periodic
  #version = 1
  #removeHandlers: () => void = () => undefined

  constructor(options: ClusterDNSOptions) {
    this.#options = options
    const { clock, domain = 'cluster.local', informers, clusterIPs, addresses } = options
    this.#log = (options.log ?? silentLogger).child('dns')
    this.#forwarder = new Forwarder({ clock, log: this.#log, upstreams: [] })
    this.#context = {
      domain,
      services: informers.of(services),
      endpointSlices: informers.of(endpointSlices),
      namespaces: informers.of(namespaces),
      ranges: (options.ranges ?? []).flatMap(range => parseCIDR(range) ?? []),
      addresses: clusterIPs.length > 0 ? clusterIPs : addresses,
      forward: question => this.#forwarder.ask(question),
      resolve: question => this.answer(question),
    }
    this.#server = new DNSServer({
      clock,
      addresses,
      port: options.port ?? 53,
      answer: question => this.answer(question),
      version: () => this.#version,
      log: this.#log,
    })
    this.#upkeep = new Periodic({
      clock,
      intervalMs: upkeepMs,
      run: () => this.#maintain(),
      onError: error => this.#log.warn('cannot keep the Service kube-dns', { error: String(error) }),
    })
  }

  get port(): number {
    return this.#server.port
  }

  /** Resolves when questions are answered and the Service leads here. */
  async start(): Promise<void> {
    const { services, endpointSlices, namespaces } = this.#context
    services.addIndex(addressIndex, clusterAddresses)
    endpointSlices.addIndex(addressIndex, addressesOfSlice)
    endpointSlices.addIndex(serviceKeyIndex, serviceOfSlice)
    await this.#options.informers.start()
    await Promise.all([services.synced, endpointSlices.synced, namespaces.synced])
    const removals = [this.#count(services), this.#count(endpointSlices), this.#count(namespaces)]
    this.#removeHandlers = () => {
      for (const remove of removals) remove()
    }
    await this.#server.listen()
    try {
      await this.#maintain()
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#upkeep.start()
    removals.push(services.addHandlers({ delete: service => this.#deleted(service) }))
  }

  async stop(): Promise<void> {
    this.#removeHandlers()
    this.#upkeep.stop()
    await this.#server.close()
  }

  /** Asks the plugins in turn. */
  answer(question: Question): Answer {
    for (const plugin of plugins) {
      const answer = plugin.answer(question, this.#context)
      if (answer) return answer
    }
    return { rcode: 'REFUSED' }
  }

  /** Every change may change answers. */
  #count<T extends KubeObject>(informer: Informer<T>): () => void {
    const count = () => void this.#version++
    return informer.addHandlers({ add: count, update: count, delete: count })
  }

  #deleted({ metadata }: Service): void {
    if (metadata.namespace !== kubeDNS.namespace || metadata.name !== kubeDNS.name) return
    this.#upkeep.stop()
    this.#upkeep.start(republishMs)
  }

  async #maintain(): Promise<void> {
    this.#forwarder.setUpstreams(await this.#upstreams())
    const { client, clusterIPs, addresses, endpoints = addresses } = this.#options
    if (clusterIPs.length > 0) await publishKubeDNS(client, { clusterIPs, endpoints, port: this.port })
  }

  /** Without ourselves: a question must not go in circles. */
  async #upstreams(): Promise<readonly Upstream[]> {
    const { upstreams, resolvConfPath = '/etc/resolv.conf', addresses, clusterIPs } = this.#options
    const ours = new Set([...addresses, ...clusterIPs])
    const found =
      upstreams ??
      parseNameservers(await readFile(resolvConfPath, 'utf8').catch(() => '')).map(address => ({
        address,
        port: 53,
      }))
    return found.filter(({ address, port }) => !ours.has(address) || port !== this.port)
  }
}
