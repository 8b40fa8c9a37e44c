// One leader among several candidates, by a Lease that the leader renews: client-go's
// tools/leaderelection. Whoever cannot renew in time stops being the leader before anybody else may become
// it.
import type { Lease } from '../api/generated/types.ts'
import { formatMicroTime } from '../api/meta/timestamps.ts'
import { leases } from '../api/resources/coordination.k8s.io/lease.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../api/status.ts'
import type { Clock, Timer } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import { Gauge, type MetricSet } from '../component/metrics.ts'
import type { Client } from './client.ts'
import type { EventRecorder } from './events.ts'

export interface LeaderElectionOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log?: Logger
  /** Where the Lease lives. */
  readonly namespace: string
  readonly name: string
  /** Who this candidate is; different for every process. */
  readonly identity: string
  /** So long others wait for a leader that is silent. Default 15 s. */
  readonly leaseDurationMs?: number
  /**
   * The leader gives up when it could not renew for so long; less than the lease's duration. Default 10 s.
   */
  readonly renewDeadlineMs?: number
  /** Default 2 s. */
  readonly retryPeriodMs?: number
  /** Told on the Lease, who leads. */
  readonly events?: EventRecorder
  readonly metrics?: MetricSet
  onStarted(): void | Promise<void>
  /** Called once for every `onStarted`, before another may lead. */
  onStopped(): void | Promise<void>
}

const defaultRenewDeadlineMs = 10_000

interface Observed {
  readonly resourceVersion: string | undefined
  readonly atMs: number
}

/** Whether this process leads, by the name of the lease: upstream's leader_election_master_status. */
function electionsOf(metrics: MetricSet): Map<string, () => boolean> {
  const elections = new Map<string, () => boolean>()
  const help = 'Whether this process holds the lease: 0 it stands by, 1 it leads.'
  metrics.add(
    new Gauge({ name: 'leader_election_master_status', help }, () =>
      [...elections].map(([name, leads]) => ({ labels: { name }, value: leads() ? 1 : 0 })),
    ),
  )
  return elections
}

export class LeaderElection implements Component {
  readonly name = 'leader-election'
  readonly #options: LeaderElectionOptions
  readonly #log: Logger
  readonly #stopping = new AbortController()
  #observed: Observed | undefined
  #isLeader = false
  /** When the last renewal that succeeded was asked for. */
  #renewedMs = Number.NEGATIVE_INFINITY
  #lapse: Timer | undefined
  #steps: Promise<void> = Promise.resolve()
  #leaseUID: string | undefined
  #running: Promise<void> | undefined

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#log = options.log ?? silentLogger
    const { metrics, name } = options
    const elections = metrics?.once('leader election', () => electionsOf(metrics))
    elections?.set(name, () => this.#isLeader)
  }

  get isLeader(): boolean {
    return this.#isLeader
  }

  /** Nobody else can lead yet, however long this process was held up. */
  get holdsLease(): boolean {
    const { clock, renewDeadlineMs = defaultRenewDeadlineMs } = this.#options
    return clock.monotonic() - this.#renewedMs < renewDeadlineMs
  }

  /** Resolves at once: leadership comes when it comes. */
  async start(): Promise<void> {
    this.#running ??= this.#run()
  }

  /** Gives the lease back, so that the next leader need not wait. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('The election ends'))
    await this.#running
    this.#lapse?.cancel()
    const wasLeader = this.#isLeader
    await this.#step(false)
    if (!wasLeader) return
    await this.#release().catch(error =>
      this.#log.debug('cannot give the lease back', { error: String(error) }),
    )
  }

  async #run(): Promise<void> {
    const { clock, retryPeriodMs = 2000 } = this.#options
    while (!this.#stopping.signal.aborted) {
      const askedMs = clock.monotonic()
      if (await this.#tryLease()) await this.#hold(askedMs)
      const jitterMs = this.#isLeader ? 0 : Math.random() * 0.2 * retryPeriodMs
      await clock.sleep(retryPeriodMs + jitterMs, this.#stopping.signal).catch(() => undefined)
    }
  }

  /** Until a deadline that waits for no answer: a server that gives none must not keep two leaders. */
  async #hold(askedMs: number): Promise<void> {
    const { clock, renewDeadlineMs = defaultRenewDeadlineMs } = this.#options
    this.#renewedMs = askedMs
    this.#lapse?.cancel()
    const leftMs = askedMs + renewDeadlineMs - clock.monotonic()
    this.#lapse = clock.after(leftMs, () => void this.#step(false))
    await this.#step(true)
  }

  /** Resolves when this process leads, or works no more; one step after the other. */
  #step(isLeader: boolean): Promise<void> {
    if (this.#isLeader !== isLeader) {
      this.#isLeader = isLeader
      this.#tell(isLeader ? 'became leader' : 'stopped leading')
      this.#log.info(isLeader ? 'leading' : 'no longer leading', { identity: this.#options.identity })
      const work = () => (isLeader ? this.#options.onStarted() : this.#options.onStopped())
      this.#steps = this.#steps.then(work).catch(error => {
        this.#log.error('cannot begin or end to lead', { error: String(error) })
      })
    }
    return this.#steps
  }

  #tell(what: string): void {
    const { events, identity, namespace, name } = this.#options
    const object = { metadata: { namespace, name, uid: this.#leaseUID } }
    const text = { reason: 'LeaderElection', message: `${identity} ${what}` }
    events?.event({ resource: leases, object }, 'Normal', text)
  }

  /** Takes or renews the lease; false when another holds it, or it cannot be written. */
  async #tryLease(): Promise<boolean> {
    try {
      const lease = await this.#read()
      if (!lease) return await this.#create()
      return await this.#claim(lease)
    } catch (error) {
      if (!isConflict(error)) this.#log.warn('cannot renew the lease', { error: String(error) })
      return false
    }
  }

  async #read(): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options
    try {
      const lease = await client.get(leases, { namespace, name })
      this.#leaseUID = lease.metadata.uid
      return lease
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #spec(transitions: number, acquireTime?: string): NonNullable<Lease['spec']> {
    const { clock, identity, leaseDurationMs = 15_000 } = this.#options
    const now = formatMicroTime(clock.now())
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: acquireTime ?? now,
      renewTime: now,
      leaseTransitions: transitions,
    }
  }

  async #create(): Promise<boolean> {
    const { client, namespace, name } = this.#options
    try {
      const lease = await client.create(leases, { metadata: { namespace, name }, spec: this.#spec(0) })
      this.#leaseUID = lease.metadata.uid
      return true
    } catch (error) {
      if (isAlreadyExists(error)) return false
      throw error
    }
  }

  async #claim(lease: Lease): Promise<boolean> {
    const { client, clock, identity, leaseDurationMs = 15_000 } = this.#options
    const { holderIdentity, leaseTransitions = 0, acquireTime, leaseDurationSeconds } = lease.spec ?? {}
    const { resourceVersion } = lease.metadata
    const nowMs = clock.monotonic()
    if (this.#observed?.resourceVersion !== resourceVersion) this.#observed = { resourceVersion, atMs: nowMs }
    const isOurs = holderIdentity === identity
    if (holderIdentity && !isOurs) {
      // The holder's clock may be wrong: what counts is how long we have seen no renewal.
      const durationMs = leaseDurationSeconds ? leaseDurationSeconds * 1000 : leaseDurationMs
      this.#renewedMs = Number.NEGATIVE_INFINITY
      void this.#step(false)
      if (nowMs - (this.#observed?.atMs ?? nowMs) < durationMs) return false
    }
    const spec = isOurs ? this.#spec(leaseTransitions, acquireTime) : this.#spec(leaseTransitions + 1)
    const updated = await client.update(leases, { ...lease, spec })
    this.#observed = { resourceVersion: updated.metadata.resourceVersion, atMs: nowMs }
    return true
  }

  async #release(): Promise<void> {
    const lease = await this.#read()
    if (lease?.spec?.holderIdentity !== this.#options.identity) return
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 }
    await this.#options.client.update(leases, { ...lease, spec })
  }
}
