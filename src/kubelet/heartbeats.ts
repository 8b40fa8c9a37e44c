// The heartbeats of many nodes from one timer: each node's Lease every 10 seconds, its whole status every
// five minutes, spread over time so that a thousand nodes make a steady trickle (KEP-589).

import type { Lease } from '../api/generated/types.ts'
import { formatMicroTime } from '../api/meta/timestamps.ts'
import { leases } from '../api/resources/coordination.k8s.io/lease.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { Clock, Timer } from '../component/clock.ts'
import { type Logger, silentLogger } from '../component/log.ts'

export interface Beating {
  readonly name: string
  /** The Node's, as long as there is one: without it nothing is written. */
  readonly uid: () => string | undefined
  readonly reportStatus: () => Promise<void>
}

export interface HeartbeatsOptions {
  /** Of each node. */
  readonly clientOf: (node: string) => Client
  readonly clock: Clock
  readonly log?: Logger
}

const namespace = 'kube-node-lease'
const leaseDurationSeconds = 40
const renewMs = 10_000
const statusMs = 300_000
const tickMs = 250
const mostInFlight = 64

interface Entry {
  readonly node: Beating
  lease: Lease | undefined
  leaseDueMs: number
  statusDueMs: number
  isBusy: boolean
}

export class Heartbeats {
  readonly #options: HeartbeatsOptions
  readonly #log: Logger
  readonly #entries: Entry[] = []
  #timer: Timer | undefined
  #inFlight = 0
  #stopped = false

  constructor(options: HeartbeatsOptions) {
    this.#options = options
    this.#log = options.log ?? silentLogger
  }

  /** Its first Lease is written soon, further ones at their own times. */
  add(node: Beating): void {
    const now = this.#options.clock.now()
    // The golden ratio spreads any number of nodes evenly.
    const share = (this.#entries.length * 0.618034) % 1
    this.#entries.push({
      node,
      lease: undefined,
      leaseDueMs: now,
      statusDueMs: now + statusMs * (0.5 + share / 2),
      isBusy: false,
    })
    this.#arm()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #arm(): void {
    if (this.#timer || this.#stopped) return
    this.#timer = this.#options.clock.after(tickMs, () => {
      this.#timer = undefined
      this.#tick()
      this.#arm()
    })
  }

  #tick(): void {
    const now = this.#options.clock.now()
    for (const entry of this.#entries) {
      if (this.#inFlight >= mostInFlight) return
      if (entry.isBusy || (entry.leaseDueMs > now && entry.statusDueMs > now)) continue
      if (!entry.node.uid()) continue
      entry.isBusy = true
      this.#inFlight++
      void this.#beat(entry, now).finally(() => {
        entry.isBusy = false
        this.#inFlight--
      })
    }
  }

  async #beat(entry: Entry, now: number): Promise<void> {
    try {
      if (entry.leaseDueMs <= now) {
        const share = ((this.#entries.indexOf(entry) * 0.618034) % 1) * 0.5
        entry.leaseDueMs = now + renewMs * (entry.lease ? 1 : 0.5 + share)
        entry.lease = await this.#renew(entry)
      }
      if (entry.statusDueMs <= now) {
        entry.statusDueMs = now + statusMs
        await entry.node.reportStatus()
      }
    } catch (error) {
      this.#log.debug('a heartbeat failed', { node: entry.node.name, error: String(error) })
      entry.lease = undefined
    }
  }

  async #renew({ node, lease }: Entry): Promise<Lease | undefined> {
    const { clientOf, clock } = this.#options
    const client = clientOf(node.name)
    const uid = node.uid()
    const renewTime = formatMicroTime(clock.now())
    const known = lease ?? (await this.#find(client, node.name))
    if (!known) {
      const owner = uid ? [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid }] : []
      const fresh: Lease = {
        metadata: { name: node.name, namespace, ...(owner.length > 0 ? { ownerReferences: owner } : {}) },
        spec: { holderIdentity: node.name, leaseDurationSeconds, renewTime },
      }
      return client.create(leases, fresh).catch(error => {
        if (isAlreadyExists(error)) return undefined
        throw error
      })
    }
    const spec = { ...known.spec, holderIdentity: node.name, leaseDurationSeconds, renewTime }
    return client.update(leases, { ...known, spec }).catch(error => {
      if (isConflict(error) || isNotFound(error)) return undefined
      throw error
    })
  }

  async #find(client: Client, name: string): Promise<Lease | undefined> {
    return client.get(leases, { namespace, name }).catch(error => {
      if (isNotFound(error)) return undefined
      throw error
    })
  }
}
