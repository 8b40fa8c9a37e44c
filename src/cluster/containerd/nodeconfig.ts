// What a node's process is told by who starts it: a file for its owner only, since it has keys in it.
import { readFileSync } from 'node:fs'
import type { LogLevel } from '../../component/log.ts'
import { writePrivate } from '../statedirectory.ts'

export interface NodeConfig {
  readonly name: string
  /** One per family, in the node's order. */
  readonly addresses: readonly string[]
  /** Kept: images, volumes, logs, configuration. */
  readonly directory: string
  /** Sockets; gone with the node. */
  readonly runDirectory: string
  readonly cgroup: string
  /** How to reach the API server, with a certificate of the node's or with a token to get one with. */
  readonly kubeconfig: string
  /** PEM: who may ask the kubelet things. */
  readonly clientCA: string
  /** Absent: the node asks for one. */
  readonly servingCertificate?: { readonly certificate: string; readonly key: string }
  readonly clusterDNS: readonly string[]
  readonly clusterDomain: string
  /** With what the node itself resolves names. */
  readonly nameservers: readonly string[]
  /** `external` leaves the Pod network to a plugin of the user's. */
  readonly podNetwork: 'bridge' | 'external'
  /** Of a node on another machine: the cluster's machine, for each family; of others none. */
  readonly gateways: readonly string[]
  /** The link to the other nodes. */
  readonly uplink: string
  readonly clusterCIDR: readonly string[]
  readonly serviceClusterIPRange: readonly string[]
  readonly loadBalancerIPRange: readonly string[]
  readonly nodeIPRange: readonly string[]
  readonly pluginDirectory: string
  readonly labels: Readonly<Record<string, string>>
  readonly logLevel: LogLevel
}

export const readNodeConfig = (path: string): NodeConfig =>
  JSON.parse(readFileSync(path, 'utf8')) as NodeConfig

export const writeNodeConfig = (path: string, config: NodeConfig): void =>
  writePrivate(path, `${JSON.stringify(config, null, 2)}\n`)
