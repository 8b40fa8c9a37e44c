// What the composition root knows of a cluster's nodes, whatever runs their Pods.
import type { KubeletConnector } from '../api/kubeletapi.ts'
import type { Client } from '../client/client.ts'
import type { Events } from '../client/events.ts'
import type { Informers } from '../client/informers.ts'
import type { Clock } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import type { Logger } from '../component/log.ts'
import type { ClusterPKI } from './pki.ts'

export interface ClusterNodes extends Component {
  /** How the API server reaches the kubelets. */
  readonly connect: KubeletConnector
  /** Resolves when every node has been Ready once. */
  readonly ready: Promise<void>
}

/** What nodes are made with. */
export interface NodesContext {
  readonly client: Client
  readonly informers: Informers
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  readonly pki: ClusterPKI
  /** ClusterIPs of the DNS Service, in the order of the families. */
  readonly clusterDNS: readonly string[]
  /** The API server's. */
  readonly port: number
}
