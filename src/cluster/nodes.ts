// What the composition root knows of a cluster's nodes, whatever runs their Pods.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { KubeletConnector } from '../api/kubeletapi.ts'
import type { User } from '../apiserver/registry/registry.ts'
import type { Client } from '../client/client.ts'
import type { Events } from '../client/events.ts'
import type { Informers } from '../client/informers.ts'
import type { Clock } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import type { Logger, LogLevel } from '../component/log.ts'
import type { Tracer } from '../component/tracing.ts'
import { versionInfo } from '../component/version.ts'
import { servedByAnnotation } from '../kubelet/servedby.ts'
import { planSimulatedNodes, SimulatedNodes } from '../kubelet/simulatednodes.ts'
import { type ClusterConfig, ConfigError } from './config.ts'
import type { ContainerdHost } from './containerd/host.ts'
import type { ClusterPKI } from './pki.ts'
import type { StateDirectory } from './statedirectory.ts'

export interface ClusterNodes extends Component {
  /** How the API server reaches the kubelets. */
  readonly connect: KubeletConnector
  /** Resolves when every node has been Ready once. */
  readonly ready: Promise<void>
}

/** What nodes are made with. */
export interface NodesContext {
  readonly client: Client
  /** As somebody else, in process. */
  readonly clientAs: (user: User) => Client
  readonly informers: Informers
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  readonly tracer?: Tracer | undefined
  readonly pki: ClusterPKI
  /** ClusterIPs of the DNS Service, in the order of the families. */
  readonly clusterDNS: readonly string[]
  /** The API server's. */
  readonly port: number
  /** Where other servers of the cluster reach this one, `[2001:db8::1]:6443`. Absent: it is the only one. */
  readonly sharedAt?: string
}

/** What nodes with containers need besides. */
export interface NodeParts {
  /** Absent, one of these: nodes are simulated. */
  readonly host: ContainerdHost | undefined
  readonly directory: StateDirectory | undefined
  /** The command line of futago. Default: the one beside this. */
  readonly command: readonly string[] | undefined
  readonly logLevel: LogLevel
}

/** The command line beside the bundle that this is part of, or above the chunk of it. */
function defaultCommand(): string[] {
  const paths = ['cli.js', '../cli.js'].map(path => fileURLToPath(new URL(path, import.meta.url)))
  const path = paths.find(existsSync)
  if (path) return [process.execPath, path]
  throw new ConfigError(
    'Cannot start nodes: the command line of futago is not here, expected `command` to be set',
  )
}

const nodeUser = (name: string): User => ({
  name: `system:node:${name}`,
  groups: ['system:nodes', 'system:authenticated'],
})

async function simulatedNodes(config: ClusterConfig, context: NodesContext): Promise<ClusterNodes> {
  const { sharedAt } = context
  const planned = planSimulatedNodes(config.nodes, config.ipFamilies, { ranges: config.nodeIPRange })
  const annotations = { ...(sharedAt === undefined ? {} : { [servedByAnnotation]: sharedAt }) }
  const own = new SimulatedNodes({
    ...context,
    clientOf: name => context.clientAs(nodeUser(name)),
    nodes: planned.map(node => ({ ...node, annotations })),
    kubeletVersion: versionInfo.gitVersion,
  })
  if (sharedAt === undefined) return own
  const { connectPeers } = await import('./peernodes.ts')
  return connectPeers(own, { ...context, sharedAt, families: config.ipFamilies })
}

/** Makes the nodes that the settings ask for; they are started like any other component. */
export async function createNodes(
  config: ClusterConfig,
  context: NodesContext,
  { host, directory, command, logLevel }: NodeParts,
): Promise<ClusterNodes> {
  if (!host || !directory) return simulatedNodes(config, context)
  const { containerdNodes } = await import('./containerd/index.ts')
  return containerdNodes({ ...context, host, directory, command: command ?? defaultCommand(), logLevel })
}
