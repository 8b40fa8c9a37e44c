// The node's own process, in the node's namespaces: its containerd, its kubelet and its part of the network,
// put together. Whatever else there is of the cluster it knows through the API.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeClasses } from '../../api/resources/node.k8s.io/runtimeclass.ts'
import { isNotFound } from '../../api/status.ts'
import { Client } from '../../client/client.ts'
import { Events } from '../../client/events.ts'
import { Informers } from '../../client/informers.ts'
import { clientConfig, loadKubeconfig } from '../../client/kubeconfig.ts'
import { measuredTransport } from '../../client/measuredtransport.ts'
import { tracedTransport, tracingHeaders } from '../../client/tracedtransport.ts'
import { type Clock, systemClock } from '../../component/clock.ts'
import { type Component, startAll, stopAll } from '../../component/component.ts'
import type { Logger } from '../../component/log.ts'
import { MetricSet } from '../../component/metrics.ts'
import type { Tracer } from '../../component/tracing.ts'
import { versionInfo } from '../../component/version.ts'
import { hostExec } from '../../host/exec.ts'
import { readMachine } from '../../host/machine.ts'
import { hostMounts } from '../../host/mounts.ts'
import { CRIRuntime } from '../../kubelet/cri/cri.ts'
import { NodeKubelet } from '../../kubelet/nodekubelet.ts'
import { ClientReferences } from '../../kubelet/references.ts'
import { clientTokens } from '../../kubelet/tokens.ts'
import { PodNetwork } from '../../network/cni/podnetwork.ts'
import { LoadBalancerSpeaker } from '../../network/loadbalancer/speaker.ts'
import { NftCommand } from '../../network/nftables/nft.ts'
import { NetworkPolicies } from '../../network/policy/policy.ts'
import { ServiceProxy } from '../../network/proxy/proxy.ts'
import { NodeRoutes, type NodeRoutesOptions } from '../../network/routes/routes.ts'
import type { KeyedCertificate } from '../../x509/certificates.ts'
import { ContainerdProcess } from './containerdprocess.ts'
import { GatewayRoutes } from './gatewayroutes.ts'
import {
  type CertificateOptions,
  openNodeTransport,
  servingCertificates,
  temporaryCertificate,
} from './nodecertificates.ts'
import type { NodeConfig } from './nodeconfig.ts'

export interface NodeEnvironment {
  readonly log: Logger
  readonly clock?: Clock
  /** Absent: nothing is traced. Stays the caller's. */
  readonly tracer?: Tracer | undefined
}

export interface RunningNode {
  /** Resolves when the API says that the node is Ready. */
  readonly ready: Promise<void>
  /** Pods run on, and are found again by the next process. */
  stop(): Promise<void>
}

const kubeletPort = 10_250

/** How long a node that is Ready otherwise waits for somebody to approve its serving certificate. */
const approvalMs = 10_000

async function openClient(options: CertificateOptions, tracer: Tracer | undefined) {
  const kubeconfig = await clientConfig(await loadKubeconfig([options.config.kubeconfig]))
  const userAgent = `futago-node/${versionInfo.gitVersion}`
  const headers = tracer && tracingHeaders(tracer)
  const { host } = new URL(kubeconfig.server)
  return { ...(await openNodeTransport(options, kubeconfig, { userAgent, headers })), host }
}

const part = (name: string, stop: () => Promise<void> | void): Component => ({
  name,
  start: async () => undefined,
  stop: async () => stop(),
})

interface Shared {
  readonly client: Client
  readonly informers: Informers
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricSet
  readonly tracer: Tracer | undefined
}

/** A plugin of the user's writes its configuration where all such plugins do. */
const cniConfigDirectory = ({ directory, podNetwork }: NodeConfig) =>
  ({ bridge: join(directory, 'cni'), external: '/etc/cni/net.d' })[podNetwork]

async function handlerOf(client: Client, name: string): Promise<string | undefined> {
  try {
    return (await client.get(runtimeClasses, { name })).handler
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function containerParts(config: NodeConfig, shared: Shared, serving: KeyedCertificate) {
  const { client, clock, log, metrics } = shared
  const { directory, runDirectory, pluginDirectory } = config
  const containerd = new ContainerdProcess({
    clock,
    log,
    exec: hostExec,
    directory,
    runDirectory,
    pluginDirectory,
    cniConfigDirectory: cniConfigDirectory(config),
  })
  const rootDirectory = join(directory, 'kubelet')
  const runtime = new CRIRuntime({
    clock,
    metrics,
    log: log.child('cri'),
    socketPath: containerd.socketPath,
    rootDir: rootDirectory,
    nodeAddresses: config.addresses,
    references: new ClientReferences({ client, clock, tokens: clientTokens(client) }),
    cgroupParent: config.cgroup,
    runtimeHandler: className => handlerOf(client, className),
  })
  const kubelet = new NodeKubelet({
    ...shared,
    name: config.name,
    addresses: config.addresses,
    labels: config.labels,
    machine: readMachine(directory),
    kubeletVersion: versionInfo.gitVersion,
    runtime,
    rootDirectory,
    mounts: hostMounts(hostExec),
    clusterDNS: config.clusterDNS,
    clusterDomain: config.clusterDomain,
    nodeDNS: { nameservers: config.nameservers, searches: ['.'], options: [] },
    nodeHosts: () => readFileSync('/etc/hosts', 'utf8'),
    server: { port: kubeletPort, ...serving, clientCA: config.clientCA },
  })
  return { containerd, runtime, kubelet }
}

/** Nodes beside the cluster know each other; one that has joined goes through the cluster's machine. */
const routesOf = (config: NodeConfig, shared: NodeRoutesOptions): Component[] =>
  config.gateways.length > 0
    ? [new GatewayRoutes(hostExec, config)]
    : [new NodeRoutes({ ...shared, neighbours: config.nodeIPRange })]

function networkParts(config: NodeConfig, { informers, clock, log, metrics }: Shared): Component[] {
  const nft = new NftCommand(hostExec)
  const shared = { informers, clock, log, exec: hostExec, nft, nodeName: config.name }
  const podNetwork = new PodNetwork({
    ...shared,
    confDir: cniConfigDirectory(config),
    dataDir: join(config.runDirectory, 'ipam'),
    insideRanges: [
      ...config.clusterCIDR,
      ...config.serviceClusterIPRange,
      ...config.nodeIPRange,
      ...config.loadBalancerIPRange,
    ],
  })
  return [
    ...(config.podNetwork === 'bridge' ? [podNetwork, ...routesOf(config, shared)] : []),
    new ServiceProxy({
      ...shared,
      metrics,
      nodeAddresses: config.addresses,
      serviceCIDRs: config.serviceClusterIPRange,
    }),
    new LoadBalancerSpeaker({ ...shared, link: config.uplink }),
    ...(config.podNetwork === 'bridge'
      ? [new NetworkPolicies({ ...shared, dnsAddresses: config.nameservers })]
      : []),
  ]
}

/** Starts everything of a node. Throws when a part cannot start; nothing but containers is left then. */
export async function startNode(config: NodeConfig, environment: NodeEnvironment): Promise<RunningNode> {
  const { log, tracer, clock = systemClock } = environment
  const options = { config, clock, log: log.child('certificates') }
  const { transport, certificates, host } = await openClient(options, tracer)
  const metrics = new MetricSet()
  for (const metric of tracer?.metrics ?? []) metrics.add(metric)
  const measured = measuredTransport(transport, { metrics, clock, host })
  const client = new Client(tracer ? tracedTransport(measured, tracer) : measured)
  const base = { client, clock, log, metrics, tracer }
  const shared = { ...base, informers: new Informers(base), events: new Events(base) }
  const serving = servingCertificates(options, client, current => kubelet.setServingCertificate(current))
  const first = serving.current ?? temporaryCertificate(config.name, clock.now())
  const { containerd, runtime, kubelet } = containerParts(config, shared, first)
  const components = [
    part('connection', () => transport.close()),
    part('client certificate', () => certificates.stop()),
    part('events', () => shared.events.close()),
    part('informers', () => shared.informers.stop()),
    containerd,
    runtime,
    ...networkParts(config, shared),
    kubelet,
    serving,
  ]
  await startAll(components)
  const approved = Promise.race([serving.obtained, clock.sleep(approvalMs)])
  const ready = Promise.all([kubelet.ready, approved]).then(() => undefined)
  return { ready, stop: () => stopAll(components) }
}
