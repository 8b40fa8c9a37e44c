// The Service proxy of one node: watches Services, EndpointSlices and the node, and keeps the node's
// nftables table as they ask. Changes are gathered for a moment and applied as increments; after an error,
// or when somebody else has emptied the table, it is built anew. The table outlives the proxy, so that
// connections do not notice a restart; `cleanup` removes it.
import type { EndpointSlice, Node, Service } from '../../api/generated/types.ts'
import { nodes } from '../../api/resources/core/node.ts'
import { services } from '../../api/resources/core/service.ts'
import { endpointSlices } from '../../api/resources/discovery.k8s.io/endpointslice.ts'
import { type Informer, keyOf } from '../../client/informer.ts'
import type { Informers } from '../../client/informers.ts'
import type { Clock } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import { type Logger, silentLogger } from '../../component/log.ts'
import type { MetricSet } from '../../component/metrics.ts'
import { SyncLoop } from '../../component/syncloop.ts'
import type { Exec } from '../../host/exec.ts'
import { familyOf, familyOfCIDR, type IPFamilies } from '../../ip/family.ts'
import { type Nft, NftCommand } from '../nftables/nft.ts'
import { Transaction } from '../nftables/transaction.ts'
import { changedFrontends, flushFlows } from './conntrack.ts'
import { HealthCheckServers } from './healthcheck.ts'
import { ProxyMetrics } from './proxymetrics.ts'
import { Ruleset } from './ruleset.ts'
import {
  type HealthCheck,
  type PlanNode,
  type PlannedElement,
  planService,
  type ServicePlan,
  type UDPFrontend,
} from './serviceplan.ts'
import { proxyTable } from './table.ts'

export interface ServiceProxyOptions {
  readonly informers: Informers
  /** Runs nft and conntrack in the node's network namespace. */
  readonly exec: Exec
  readonly nodeName: string
  /** One or more per family, primary first: their families are the proxy's. */
  readonly nodeAddresses: readonly string[]
  /** Where this node's own Pods are; default: the node's `spec.podCIDRs`. */
  readonly podCIDRs?: readonly string[]
  /** Traffic to addresses in these that no Service has is dropped rather than sent to the default gateway. */
  readonly serviceCIDRs?: readonly string[]
  /** Node ports answer only on addresses in these; default: on all but the loopback's. */
  readonly nodePortAddresses?: readonly string[]
  readonly clock: Clock
  readonly log?: Logger
  readonly metrics?: MetricSet
  /** Default: the nft program, through `exec`. */
  readonly nft?: Nft
  /** How long changes are gathered; default 10. */
  readonly delayMs?: number
  /** After how long without a change the table is looked at for what others did to it; default 30,000. */
  readonly checkMs?: number
}

/** What the proxy did since it started. */
export interface ProxyStatistics {
  syncs: number
  /** Of these, how often the whole table was built. */
  fullSyncs: number
  failedSyncs: number
  /** From the first change of a sync until the kernel had it. */
  lastSyncMs: number
}

const serviceNameLabel = 'kubernetes.io/service-name'
const serviceIndex = 'proxy/service'
const zoneLabel = 'topology.kubernetes.io/zone'

const serviceKeyOf = ({ metadata }: EndpointSlice): string =>
  `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`

const familiesOf = (addresses: readonly string[]): IPFamilies => [
  ...new Set(addresses.flatMap(address => familyOf(address) ?? [])),
]

/** No Service is named so. */
const nodeOwner = ''

export class ServiceProxy implements Component {
  readonly name = 'service-proxy'
  readonly statistics: ProxyStatistics = { syncs: 0, fullSyncs: 0, failedSyncs: 0, lastSyncMs: 0 }
  readonly #options: ServiceProxyOptions
  readonly #log: Logger
  readonly #nft: Nft
  readonly #families: IPFamilies
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #nodes: Informer<Node>
  readonly #ruleset: Ruleset
  readonly #healthChecks: HealthCheckServers
  readonly #loop: SyncLoop
  readonly #metrics: ProxyMetrics | undefined
  readonly #plans = new Map<string, ServicePlan>()
  readonly #checks = new Map<string, HealthCheck>()
  readonly #dirty = new Set<string>()
  readonly #removeHandlers: (() => void)[] = []
  /** UDP frontends whose flows are to be looked at once the kernel has the change. */
  #toFlush: UDPFrontend[] = []
  #node: PlanNode
  #nodeElements: readonly PlannedElement[] = []
  #isSyncing = false
  #needsFull = true
  #firstChangeAt: number | undefined
  #lastProblem = ''

  constructor(options: ServiceProxyOptions) {
    this.#options = options
    this.#log = (options.log ?? silentLogger).child('service-proxy')
    this.#nft = options.nft ?? new NftCommand(options.exec)
    this.#families = familiesOf(options.nodeAddresses)
    this.#node = { name: options.nodeName, families: this.#families, addresses: options.nodeAddresses }
    this.#services = options.informers.of(services)
    this.#slices = options.informers.of(endpointSlices)
    this.#slices.addIndex(serviceIndex, slice => [serviceKeyOf(slice)])
    this.#nodes = options.informers.of(nodes, `metadata.name=${options.nodeName}`)
    this.#ruleset = new Ruleset({
      families: this.#families,
      hasNodePortRanges: options.nodePortAddresses !== undefined,
    })
    this.#healthChecks = new HealthCheckServers({ families: this.#families, log: this.#log })
    this.#metrics = options.metrics && new ProxyMetrics(options.metrics, options.clock)
    this.#loop = new SyncLoop({
      clock: options.clock,
      run: () => this.#run(),
      onError: error => this.#failed(error),
      delayMs: options.delayMs ?? 10,
      resyncMs: options.checkMs ?? 30_000,
    })
  }

  /** The kernel has all that the informers have. */
  get isCurrent(): boolean {
    return this.#dirty.size === 0 && !this.#needsFull && !this.#isSyncing
  }

  /** Resolves when the kernel has every Service that is known; rejects when it refuses them. */
  async start(): Promise<void> {
    this.#watch()
    await this.#options.informers.start()
    await Promise.all([this.#services.synced, this.#slices.synced, this.#nodes.synced])
    this.#readNode()
    try {
      await this.#loop.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Leaves the table as it is. */
  async stop(): Promise<void> {
    for (const remove of this.#removeHandlers.splice(0)) remove()
    await this.#loop.stop()
    await this.#healthChecks.stop()
  }

  /** Removes the table; for a node that is taken away. */
  async cleanup(): Promise<void> {
    const transaction = new Transaction(proxyTable)
    transaction.addTable()
    transaction.deleteTable()
    await this.#nft.run(transaction)
  }

  #watch(): void {
    const note = (key: string) => {
      this.#dirty.add(key)
      this.#firstChangeAt ??= this.#options.clock.monotonic()
      this.#loop.request()
    }
    const noteService = (service: Service) => note(keyOf(service))
    const noteSlice = (slice: EndpointSlice) => note(serviceKeyOf(slice))
    const noteNode = () => {
      if (this.#readNode()) this.#loop.request()
    }
    this.#removeHandlers.push(
      this.#services.addHandlers({ add: noteService, update: noteService, delete: noteService }),
      this.#slices.addHandlers({
        add: noteSlice,
        update: (slice, previous) => {
          noteSlice(slice)
          if (serviceKeyOf(previous) !== serviceKeyOf(slice)) noteSlice(previous)
        },
        delete: noteSlice,
      }),
      this.#nodes.addHandlers({ add: noteNode, update: noteNode, delete: noteNode }),
    )
  }

  /** Takes over what concerns the proxy of the Node object; whether that has changed. */
  #readNode(): boolean {
    const { nodeName, podCIDRs, serviceCIDRs = [], nodePortAddresses = [] } = this.#options
    const node = this.#nodes.get(nodeName)
    const ranges: Record<string, readonly string[]> = {
      'local-pods': podCIDRs ?? node?.spec?.podCIDRs ?? [],
      'service-ranges': serviceCIDRs,
      'node-port-ranges': nodePortAddresses,
    }
    const elements: PlannedElement[] = Object.entries(ranges).flatMap(([set, cidrs]) =>
      cidrs.flatMap(key => {
        const family = familyOfCIDR(key)
        return family && this.#families.includes(family) ? [{ collection: `${set}-${family}`, key }] : []
      }),
    )
    const zone = node?.metadata.labels?.[zoneLabel]
    const before = JSON.stringify([this.#nodeElements, this.#node.zone])
    this.#nodeElements = elements
    if (before === JSON.stringify([elements, zone])) return false
    this.#node = { ...this.#node, zone }
    this.#ruleset.replace(nodeOwner, elements)
    for (const service of this.#services.values()) this.#dirty.add(keyOf(service))
    return true
  }

  #failed(error: unknown): void {
    const problem = String(error)
    if (problem !== this.#lastProblem) this.#log.error('cannot program Services', { error: problem })
    this.#lastProblem = problem
  }

  async #run(): Promise<void> {
    this.#isSyncing = true
    try {
      if (this.#dirty.size === 0 && !this.#needsFull) await this.#checkTable()
      if (this.#dirty.size > 0 || this.#needsFull) await this.#sync()
    } finally {
      this.#isSyncing = false
    }
  }

  async #sync(): Promise<void> {
    const { clock, exec } = this.#options
    const began = this.#firstChangeAt ?? clock.monotonic()
    this.#firstChangeAt = undefined
    this.#planDirty()
    const isFull = this.#needsFull
    this.#needsFull = true
    try {
      await this.#nft.run(isFull ? this.#ruleset.full() : this.#ruleset.update())
      this.#needsFull = false
    } catch (error) {
      this.statistics.failedSyncs++
      this.#metrics?.failed()
      throw error
    }
    this.statistics.syncs++
    if (isFull) this.statistics.fullSyncs++
    this.statistics.lastSyncMs = clock.monotonic() - began
    this.#metrics?.synced(isFull ? 'full' : 'partial', this.statistics.lastSyncMs)
    this.#lastProblem = ''
    const toFlush = this.#toFlush
    this.#toFlush = []
    await this.#healthChecks.update([...this.#checks.values()])
    await this.#flush(exec, toFlush)
  }

  /** Brings the plans of the Services that changed up to date. */
  #planDirty(): void {
    for (const key of this.#dirty) {
      const service = this.#services.get(key)
      const previous = this.#plans.get(key)
      if (!service && !previous) continue
      const plan = service && this.#plan(key, service)
      this.#ruleset.replace(key, plan?.elements ?? [])
      if (plan) this.#plans.set(key, plan)
      else this.#plans.delete(key)
      if (plan?.healthCheck) this.#checks.set(key, plan.healthCheck)
      else this.#checks.delete(key)
      this.#toFlush.push(...changedFrontends(previous?.udpFrontends ?? [], plan?.udpFrontends ?? []))
    }
    this.#dirty.clear()
  }

  /** One Service that cannot be planned must not keep the others from the kernel. */
  #plan(key: string, service: Service): ServicePlan | undefined {
    try {
      return planService(service, this.#slices.byIndex(serviceIndex, key), this.#node)
    } catch (error) {
      this.#log.error('cannot plan a Service', { service: key, error: String(error) })
      return undefined
    }
  }

  /** That flows are stale must not keep later changes from the kernel. */
  async #flush(exec: Exec, frontends: readonly UDPFrontend[]): Promise<void> {
    try {
      await flushFlows(exec, this.#families, frontends)
    } catch (error) {
      this.#log.warn('cannot forget stale UDP flows', { error: String(error) })
    }
  }

  /** Others may flush the ruleset: rules that are gone are put back. */
  async #checkTable(): Promise<void> {
    const found = (await this.#nft.outline(proxyTable))?.chains ?? new Map<string, number>()
    const isWhole = [...this.#ruleset.outline].every(([name, count]) => found.get(name) === count)
    if (isWhole) return
    this.#log.warn('the table was changed by somebody else; building it anew')
    this.#needsFull = true
  }
}
