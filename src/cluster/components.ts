// What runs beside the API server: controllers, scheduler and nodes, which meet only through it.
import { hostname } from 'node:os'
import type { User } from '../apiserver/registry/registry.ts'
import { secretTokenIssuer } from '../apiserver/tokens/secrettokens.ts'
import type { Client } from '../client/client.ts'
import { Events } from '../client/events.ts'
import { Informers } from '../client/informers.ts'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import type { MetricSet } from '../component/metrics.ts'
import type { Tracer } from '../component/tracing.ts'
import { ControllerManager, createControllers } from '../controllers/index.ts'
import { nthAddress } from '../ip/cidr.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import type { ClusterConfig } from './config.ts'
import { led } from './leadership.ts'
import { hostAddresses, peerAddress } from './listen.ts'
import { type ClusterNodes, createNodes, type NodeParts } from './nodes.ts'
import { type Kubelets, part, type RunningParts } from './parts.ts'
import type { ClusterPKI } from './pki.ts'

export interface ComponentsOptions {
  readonly config: ClusterConfig
  readonly client: Client
  /** As somebody else, in process. */
  readonly clientAs: (user: User) => Client
  readonly pki: ClusterPKI
  readonly kubelets: Kubelets
  /** The API server's. */
  readonly port: number
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricSet
  readonly tracer?: Tracer | undefined
  /** Where what is started is added. */
  readonly parts: RunningParts
  readonly nodes: NodeParts
  /** Where several processes share the cluster: who this one is. Absent: it is the only one. */
  readonly identity?: string
}

const controllersOf = ({ config, pki }: ComponentsOptions) =>
  createControllers({
    rootCA: pki.authority.certificate,
    signing: { authority: pki.authority, reserved: pki.serverNames },
    serviceAccountTokens: {
      issue: secretTokenIssuer(pki.serviceAccountKey),
      forEveryAccount: config.legacyServiceAccountTokens,
    },
    loadBalancerIPRange: config.loadBalancerIPRange,
    nodeIPAM: {
      clusterCIDRs: config.clusterCIDR,
      maskSizes: config.nodeCIDRMaskSizes,
      serviceCIDRs: config.serviceClusterIPRange,
    },
  })

const peerAddressOf = ({ bindAddress, ipFamilies }: ClusterConfig) =>
  peerAddress(bindAddress, ipFamilies, hostAddresses())

/** Starts them all; their nodes may not be Ready yet. */
export async function startComponents(options: ComponentsOptions): Promise<ClusterNodes> {
  const { config, client, pki, port, clock, log, metrics, tracer, parts } = options
  const informers = new Informers({ client, clock, log })
  const events = new Events({ client, clock, log })
  await parts.add(part('events', () => events.close()))
  await parts.add(part('informers', () => informers.stop()))
  const shared = { client, clock, log, tracer, informers }
  const clusterDNS = config.serviceClusterIPRange.map(range => nthAddress(range, 10n))
  const { identity } = options
  const sharedAt = identity === undefined ? undefined : joinHostPort(peerAddressOf(config), port)
  const ofNodes = {
    ...(sharedAt ? { sharedAt } : {}),
    ...shared,
    clientAs: options.clientAs,
    events,
    pki,
    port,
    clusterDNS,
  }
  const nodes = await createNodes(config, ofNodes, options.nodes)
  options.kubelets.set(nodes.connect)
  const manager = (client: Client) =>
    new ControllerManager({ ...shared, client, metrics, controllers: controllersOf(options) })
  const recorder = events.seriesRecorder('default-scheduler', `default-scheduler-${hostname()}`)
  const scheduler = (client: Client) => new Scheduler({ ...shared, client, metrics, events: recorder })
  if (identity === undefined) {
    await parts.add(manager(client))
    await parts.add(scheduler(client))
  } else {
    const { leaderElectLeaseDurationMs: leaseDurationMs } = config
    const election = { client, clock, log, identity, leaseDurationMs, metrics, events }
    await parts.add(led({ ...election, lease: 'kube-controller-manager', create: manager }))
    await parts.add(led({ ...election, lease: 'kube-scheduler', create: scheduler }))
  }
  await parts.add(nodes)
  return nodes
}
