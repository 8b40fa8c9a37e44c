// Parts of which only one may work in a cluster of several servers, the controllers and the scheduler: made
// anew whenever this process becomes the leader, stopped before another does (upstream's --leader-elect).
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Client } from '../client/client.ts'
import type { Events } from '../client/events.ts'
import { fencedTransport } from '../client/fencedtransport.ts'
import { LeaderElection } from '../client/leaderelection.ts'
import type { Clock } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import type { Logger } from '../component/log.ts'
import type { MetricSet } from '../component/metrics.ts'
import type { StateDirectory } from './statedirectory.ts'

export interface LedOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  /** Of the Lease in kube-system. */
  readonly lease: string
  /** Who this process is; different for every one of the cluster. */
  readonly identity: string
  readonly leaseDurationMs: number
  readonly metrics: MetricSet
  readonly events: Events
  /** Makes the part; what it writes with this client is refused once another may lead. */
  create(client: Client): Component
}

/**
 * Works while this process leads. Starting it only begins to stand for election; stopping it gives the lease
 * back, so that another leads within seconds.
 */
export function led({ lease, create, ...options }: LedOptions): Component {
  const { log, leaseDurationMs } = options
  let leading: Component | undefined
  const client = new Client(fencedTransport(options.client.transport, () => election.holdsLease))
  const election = new LeaderElection({
    ...options,
    log: log.child(lease),
    events: options.events.recorder(lease),
    namespace: 'kube-system',
    name: lease,
    // Upstream's 15 s, 10 s and 2 s, or as much longer or shorter.
    renewDeadlineMs: (leaseDurationMs * 10) / 15,
    retryPeriodMs: (leaseDurationMs * 2) / 15,
    // The lease has to be renewed all the while that the part needs to start.
    onStarted() {
      leading = create(client)
      leading.start().catch(error => log.error('cannot lead', { lease, error: String(error) }))
    },
    onStopped: () => leading?.stop(),
  })
  return election
}

/**
 * The same at every start from one directory, which one process at a time serves from: who starts again
 * after a crash need not wait for its own lease to run out. Without one, a new one.
 */
export function keptIdentity(directory: StateDirectory | undefined): string {
  const kept = directory?.read('identity')
  if (kept) return kept
  const identity = `${hostname()}_${randomUUID()}`
  directory?.write(identity, 'identity')
  return identity
}
