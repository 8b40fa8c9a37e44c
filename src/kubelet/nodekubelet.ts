// The kubelet of one real node, as the process of that node runs it: registers the Node, runs its Pods
// through a runtime, keeps the Lease and answers the API server on its own port.
import type { Pod } from '../api/generated/types.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { services } from '../api/resources/core/service.ts'
import type { Client } from '../client/client.ts'
import { budgetEvents } from '../client/eventbudget.ts'
import type { Events } from '../client/events.ts'
import type { Informer } from '../client/informer.ts'
import type { Informers } from '../client/informers.ts'
import type { Clock, Timer } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import type { MetricSet } from '../component/metrics.ts'
import type { Tracer } from '../component/tracing.ts'
import { type Machine, readMachineUsage } from '../host/machine.ts'
import type { Mounts } from '../host/mounts.ts'
import { Heartbeats } from './heartbeats.ts'
import { Kubelet, type KubeletOptions } from './kubelet.ts'
import type { KubeletContext } from './kubeletcontext.ts'
import { KubeletMetrics } from './kubeletmetrics.ts'
import { NetworkProbes } from './networkprobes.ts'
import { capacityOf, type NodeDescription } from './nodestatus.ts'
import { NodeVolumes } from './nodevolumes.ts'
import { APIPodClient } from './podclient.ts'
import { ClientReferences } from './references.ts'
import type { DNSConfig } from './resolvconf.ts'
import type { PodRuntime } from './runtime.ts'
import { type KubeletServer, type KubeletServerOptions, listenKubelet } from './server.ts'
import { ServerAccess } from './serveraccess.ts'
import { clientTokens } from './tokens.ts'
import { WatchedReferences } from './watchedreferences.ts'

export interface NodeKubeletOptions {
  /** With the node's own credentials. */
  readonly client: Client
  /** Of the process: shared with the service proxy and others. The kubelet starts the ones it asks for. */
  readonly informers: Informers
  readonly clock: Clock
  readonly events: Events
  readonly log?: Logger
  /** Shown at /metrics. */
  readonly metrics?: MetricSet
  readonly tracer?: Tracer | undefined
  readonly name: string
  /** One InternalIP per family, in the node's order. */
  readonly addresses: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: NodeDescription['taints']
  readonly machine: Machine
  /** `v1.36.0`. */
  readonly kubeletVersion: string
  readonly runtime: PodRuntime
  /** Where volumes and the like are kept; made when it is not there. */
  readonly rootDirectory: string
  readonly mounts: Mounts
  /** ClusterIPs of the DNS Service in the order of the families; none: Pods use the node's resolver. */
  readonly clusterDNS: readonly string[]
  /** Default `cluster.local`. */
  readonly clusterDomain?: string
  /** What the node itself resolves names with. */
  readonly nodeDNS: DNSConfig
  /** The node's own /etc/hosts, as it is now. */
  readonly nodeHosts: () => string
  /** The port is 10250, where nodes do not share addresses. */
  readonly server: Omit<KubeletServerOptions, 'addresses'>
}

/** As the kubelet's eventBurst and eventRecordQPS. */
const eventBudget = { burst: 100, perSecond: 50 }

const firstCheckMs = 200
const checkMs = 5000

export class NodeKubelet implements Component {
  readonly name = 'kubelet'
  readonly #options: NodeKubeletOptions
  readonly #heartbeats: Heartbeats
  readonly #pods: Informer<Pod>
  #kubelet: Kubelet | undefined
  #removeHandlers: (() => void)[] = []
  #timer: Timer | undefined
  #isStopped = false
  #server: KubeletServer | undefined
  #references: WatchedReferences | undefined
  #resolveReady: () => void = () => undefined
  /** Resolves when the node has been Ready once. */
  readonly ready: Promise<void>

  constructor(options: NodeKubeletOptions) {
    this.#options = options
    this.#heartbeats = new Heartbeats({ ...options, clientOf: () => options.client })
    this.#pods = options.informers.of(pods, `spec.nodeName=${options.name}`)
    this.ready = new Promise(resolve => {
      this.#resolveReady = resolve
    })
  }

  /** Resolves when the node is registered; `ready` says when it is Ready. */
  async start(): Promise<void> {
    const { informers, name } = this.#options
    const nodeInformer = informers.of(nodes)
    const serviceInformer = informers.of(services)
    const needed = [this.#pods, nodeInformer, serviceInformer]
    for (const informer of needed) informer.start()
    await Promise.all(needed.map(informer => informer.synced))
    const kubelet = new Kubelet(await this.#describe())
    kubelet.onReady = () => this.#resolveReady()
    this.#kubelet = kubelet
    await this.#listen(kubelet)
    await kubelet.register()
    await kubelet.removeUnknownPods(new Set([...this.#pods.values()].map(pod => pod.metadata.uid ?? '')))
    this.#removeHandlers = [
      nodeInformer.addHandlers({
        update: node => {
          if (node.metadata.name === name) void kubelet.setNode(node).catch(error => this.#failed(error))
        },
        delete: node => {
          if (node.metadata.name === name) kubelet.removeNode()
        },
      }),
      this.#pods.addHandlers({
        add: pod => kubelet.setPod(pod),
        update: pod => kubelet.setPod(pod),
        delete: pod => kubelet.removePod(pod),
      }),
    ]
    this.#heartbeats.add({
      name,
      uid: () => kubelet.node?.metadata.uid,
      reportStatus: () => kubelet.reportStatus(),
    })
    this.#checkAfter(firstCheckMs)
  }

  /** What its server proves itself with from now on; PEM. */
  setServingCertificate({ certificate, key }: { readonly certificate: string; readonly key: string }): void {
    this.#server?.setCertificate(certificate, key)
  }

  /** Pods run on, and are adopted by the next one. */
  async stop(): Promise<void> {
    for (const remove of this.#removeHandlers.splice(0)) remove()
    this.#isStopped = true
    this.#timer?.cancel()
    this.#heartbeats.stop()
    this.#kubelet?.stop()
    await this.#server?.close()
    await this.#references?.stop()
  }

  async #listen(kubelet: Kubelet): Promise<void> {
    const { client, addresses, server, clock, name, metrics, log = silentLogger } = this.#options
    const access = new ServerAccess({ client, clock, nodeName: name })
    this.#server = await listenKubelet({ kubelet, clock, log, metrics, access }, { addresses, ...server })
    kubelet.port = this.#server.port
  }

  async #describe(): Promise<KubeletOptions> {
    const { client, informers, clock, events, name, addresses, runtime, clusterDNS } = this.#options
    const { labels, taints, machine, kubeletVersion, nodeDNS, metrics } = this.#options
    const description: NodeDescription = {
      name,
      addresses,
      kubeletVersion,
      containerRuntimeVersion: await runtime.version(),
      machine,
      ...(labels ? { labels } : {}),
      ...(taints ? { taints } : {}),
    }
    const allocatable = capacityOf(description)
    const unwatched = new ClientReferences({ client, clock, tokens: clientTokens(client) })
    const references = new WatchedReferences({ client, clock, references: unwatched })
    this.#references = references
    const { rootDirectory, mounts, nodeHosts, clusterDomain = 'cluster.local' } = this.#options
    const context: KubeletContext = {
      clock,
      runtime,
      client: new APIPodClient({ clientOf: () => client }),
      references,
      network: new NetworkProbes(clock),
      volumes: new NodeVolumes({ rootDirectory, mounts, clock, references, hostIPs: addresses, allocatable }),
      log: (this.#options.log ?? silentLogger).child('kubelet'),
      metrics: metrics && new KubeletMetrics(metrics),
      tracer: this.#options.tracer,
      events: budgetEvents({ clock, ...eventBudget })(events.recorder('kubelet', name)),
      services: () => informers.of(services).values(),
      dns: { clusterDNS, clusterDomain, node: nodeDNS },
      nodeHosts,
      node: { name, addresses, allocatable },
    }
    const machineUsage = () => ({ timeMs: clock.now(), ...readMachineUsage() })
    return { description, client, context, machineUsage }
  }

  #failed(error: unknown): void {
    this.#options.log?.warn('the node could not be updated', { error: String(error) })
  }

  #checkAfter(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer = this.#options.clock.after(delayMs, () => {
      const kubelet = this.#kubelet
      void kubelet
        ?.checkRuntime()
        .catch(error => this.#failed(error))
        .finally(() => this.#checkAfter(kubelet.isReady ? checkMs : firstCheckMs))
    })
  }
}
