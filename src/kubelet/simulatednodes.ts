// Simulated nodes, one or thousands: they share informers, timers and the limits on what they write at
// once.
import type { Pod } from '../api/generated/types.ts'
import type { KubeletConnection, KubeletConnector } from '../api/kubeletapi.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { services } from '../api/resources/core/service.ts'
import { notFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { budgetEvents } from '../client/eventbudget.ts'
import type { EventRecorder, Events } from '../client/events.ts'
import type { Informers } from '../client/informers.ts'
import type { Clock } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import type { Tracer } from '../component/tracing.ts'
import { formatAddress } from '../ip/address.ts'
import { addressAt, parseCIDR } from '../ip/cidr.ts'
import { type IPFamilies, type IPFamily, loopbackAddress } from '../ip/family.ts'
import { Heartbeats } from './heartbeats.ts'
import { formatNodeHosts } from './hosts.ts'
import { Kubelet } from './kubelet.ts'
import type { KubeletContext } from './kubeletcontext.ts'
import { defaultCapacity, type NodeDescription } from './nodestatus.ts'
import { APIPodClient } from './podclient.ts'
import { ClientReferences } from './references.ts'
import { SimulatedRuntime, simulatedVersion } from './simulated.ts'
import { clientTokens } from './tokens.ts'

/** A node to be simulated. */
export interface SimulatedNode {
  readonly name: string
  /** One per family, in the node's order. */
  readonly addresses: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly taints?: NodeDescription['taints']
  readonly capacity?: NodeDescription['capacity']
}

export interface SimulatedNodesOptions {
  /** Of each node, with its own rights: what it writes, and reads for its Pods. */
  readonly clientOf: (node: string) => Client
  readonly informers: Informers
  readonly clock: Clock
  readonly events: Events
  readonly log?: Logger
  readonly tracer?: Tracer | undefined
  readonly nodes: readonly SimulatedNode[]
  /** `v1.36.0`. */
  readonly kubeletVersion: string
  /** Default `cluster.local`. */
  readonly clusterDomain?: string
  /** ClusterIPs of the DNS Service in the order of the families; none: Pods use the node's resolver. */
  readonly clusterDNS?: readonly string[]
  /** Whether the API server issues tokens. Default true. */
  readonly hasTokens?: boolean
}

const defaultRanges: Readonly<Record<IPFamily, string>> = { IPv4: '172.20.0.0/16', IPv6: 'fd00:172:20::/64' }

/** The first addresses of a range are for those who are no nodes: gateways, the API server. */
const reserved = 4

/** The i-th node, counted from 0, has the (i+4)-th address of each range. */
export function nodeAddresses(ranges: readonly string[], index: number): string[] {
  return ranges.map(text => {
    const range = parseCIDR(text)
    if (range) return formatAddress(addressAt(range, BigInt(index + reserved)))
    throw new Error(`Cannot use the node range ${text}: it is no CIDR, expected one like 172.20.0.0/16`)
  })
}

export interface PlanOptions {
  /** One per family, in order; absent: the default ranges. */
  readonly ranges?: readonly string[]
  /** Default `node`. */
  readonly prefix?: string
}

/** `node1`, `node2` ... with addresses of these families. */
export function planSimulatedNodes(
  count: number,
  families: IPFamilies,
  options: PlanOptions = {},
): SimulatedNode[] {
  const ranges = options.ranges ?? families.map(family => defaultRanges[family])
  return Array.from({ length: count }, (_, index) => ({
    name: `${options.prefix ?? 'node'}${index + 1}`,
    addresses: nodeAddresses(ranges, index),
  }))
}

/** Of all nodes together: one kubelet may tell 50 a second (eventRecordQPS). */
const eventBudget = { burst: 2000, perSecond: 100 }
/** About the nodes themselves: thousands that start leave room for what their Pods have to tell. */
const nodeEventBudget = { burst: 60, perSecond: 6 }

const registering = 64

/** Makes each node's client once. */
function keeping(clientOf: (node: string) => Client): (node: string) => Client {
  const clients = new Map<string, Client>()
  return node => {
    const client = clients.get(node) ?? clientOf(node)
    clients.set(node, client)
    return client
  }
}

export class SimulatedNodes implements Component {
  readonly name = 'simulated nodes'
  readonly #options: SimulatedNodesOptions
  readonly #kubelets = new Map<string, Kubelet>()
  readonly #runtimes = new Map<string, SimulatedRuntime>()
  readonly #heartbeats: Heartbeats
  readonly #limitEvents: (recorder: EventRecorder) => EventRecorder
  readonly #limitNodeEvents: (recorder: EventRecorder) => EventRecorder
  #removeHandlers: (() => void)[] = []
  #waiting = 0
  #resolveReady: () => void = () => undefined
  /** Resolves when every node has been Ready once. */
  readonly ready: Promise<void>

  constructor(options: SimulatedNodesOptions) {
    this.#options = options
    const clientOf = keeping(options.clientOf)
    this.#heartbeats = new Heartbeats({ ...options, clientOf })
    this.#limitEvents = budgetEvents({ clock: options.clock, ...eventBudget })
    this.#limitNodeEvents = budgetEvents({ clock: options.clock, ...nodeEventBudget })
    this.ready = new Promise(resolve => {
      this.#resolveReady = resolve
    })
    const podClient = new APIPodClient({ clientOf })
    for (const node of options.nodes) this.#add(node, clientOf(node.name), podClient)
    this.#waiting = this.#kubelets.size
    if (this.#waiting === 0) this.#resolveReady()
  }

  /** How the API server reaches these nodes' kubelets; other nodes are not found. */
  readonly connect: KubeletConnector = async (nodeName: string): Promise<KubeletConnection> => {
    const kubelet = this.#kubelets.get(nodeName)
    if (!kubelet) throw notFound({ group: '', resource: 'nodes' }, nodeName)
    return kubelet
  }

  has(nodeName: string): boolean {
    return this.#kubelets.has(nodeName)
  }

  /** Resolves when the nodes are registered; `ready` says when they are Ready. */
  async start(): Promise<void> {
    const { informers } = this.#options
    const podInformer = informers.of(pods)
    const nodeInformer = informers.of(nodes)
    const serviceInformer = informers.of(services)
    for (const informer of [podInformer, nodeInformer, serviceInformer]) informer.start()
    await Promise.all([podInformer.synced, nodeInformer.synced, serviceInformer.synced])
    for (const pod of podInformer.values()) this.#reserve(pod)
    this.#removeHandlers = [
      nodeInformer.addHandlers({
        update: node => {
          void this.#kubelets
            .get(node.metadata.name ?? '')
            ?.setNode(node)
            .catch(error => this.#failed(error))
        },
        delete: node => this.#kubelets.get(node.metadata.name ?? '')?.removeNode(),
      }),
      podInformer.addHandlers({
        add: pod => this.#of(pod)?.setPod(pod),
        update: pod => this.#of(pod)?.setPod(pod),
        delete: pod => this.#of(pod)?.removePod(pod),
      }),
    ]
    await this.#registerAll()
  }

  async stop(): Promise<void> {
    for (const remove of this.#removeHandlers.splice(0)) remove()
    this.#heartbeats.stop()
    for (const kubelet of this.#kubelets.values()) kubelet.stop()
  }

  #of(pod: Pod): Kubelet | undefined {
    return this.#kubelets.get(pod.spec?.nodeName ?? '')
  }

  #failed(error: unknown): void {
    this.#options.log?.warn('a node could not be updated', { error: String(error) })
  }

  /** Ranges are known before the Pods of a time before: their addresses are theirs. */
  #reserve(pod: Pod): void {
    const nodeName = pod.spec?.nodeName ?? ''
    const runtime = this.#runtimes.get(nodeName)
    const node = this.#options.informers.of(nodes).get(nodeName)
    if (!runtime || !node?.spec?.podCIDRs) return
    runtime.setPodCIDRs(node.spec.podCIDRs)
    if (pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed') runtime.reserve(pod)
  }

  async #registerAll(): Promise<void> {
    const waiting = [...this.#kubelets.values()]
    const work = async () => {
      for (let kubelet = waiting.shift(); kubelet; kubelet = waiting.shift()) {
        const current = kubelet
        await current.register()
        this.#heartbeats.add({
          name: current.name,
          uid: () => current.node?.metadata.uid,
          reportStatus: () => current.reportStatus(),
        })
      }
    }
    await Promise.all(Array.from({ length: registering }, work))
  }

  #add(node: SimulatedNode, client: Client, podClient: APIPodClient): void {
    const { hasTokens = true, informers, clock, events, kubeletVersion, clusterDNS = [] } = this.#options
    const runtime = new SimulatedRuntime({
      clock,
      nodeAddresses: node.addresses,
      resolve: (name, namespace) => this.#resolve(name, namespace),
    })
    const clusterDomain = this.#options.clusterDomain ?? 'cluster.local'
    const context: KubeletContext = {
      client: podClient,
      references: new ClientReferences({
        client,
        clock,
        ...(hasTokens ? { tokens: clientTokens(client) } : {}),
      }),
      clock,
      runtime,
      log: (this.#options.log ?? silentLogger).child('kubelet'),
      tracer: this.#options.tracer,
      events: this.#limitEvents(events.recorder('kubelet', node.name)),
      services: () => informers.of(services).values(),
      nodeHosts: () => formatNodeHosts(node.addresses, node.name),
      dns: {
        clusterDNS,
        clusterDomain,
        node: { nameservers: [loopbackAddress.IPv4], searches: ['.'], options: [] },
      },
      node: {
        name: node.name,
        addresses: node.addresses,
        allocatable: { ...defaultCapacity, ...node.capacity },
      },
    }
    const description: NodeDescription = {
      ...node,
      kubeletVersion,
      containerRuntimeVersion: `simulated://${simulatedVersion}`,
    }
    const nodeEvents = this.#limitNodeEvents(events.recorder('kubelet', node.name))
    const kubelet = new Kubelet({ description, client, context, nodeEvents })
    kubelet.onReady = () => {
      this.#waiting--
      if (this.#waiting === 0) this.#resolveReady()
    }
    this.#kubelets.set(node.name, kubelet)
    this.#runtimes.set(node.name, runtime)
  }

  /** What cluster DNS would say: the addresses of a Service, or of the Pods behind a headless one. */
  #resolve(name: string, namespace: string): readonly string[] {
    const { informers, clusterDomain = 'cluster.local' } = this.#options
    const short = name
      .replace(/\.$/, '')
      .replace(new RegExp(`\\.${clusterDomain.replaceAll('.', '\\.')}$`), '')
    const [service = '', where = namespace, kind = 'svc', ...rest] = short.split('.')
    if (rest.length > 0 || kind !== 'svc') return []
    const found = informers.of(services).get(`${where}/${service}`)
    const ips = found?.spec?.clusterIPs ?? []
    if (ips[0] !== 'None') return ips
    const selector = Object.entries(found?.spec?.selector ?? {})
    if (selector.length === 0) return []
    return [...informers.of(pods).values()]
      .filter(({ metadata }) => metadata.namespace === where)
      .filter(({ metadata }) => selector.every(([key, value]) => metadata.labels?.[key] === value))
      .flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip))
  }
}
