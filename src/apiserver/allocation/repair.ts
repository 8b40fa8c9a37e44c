// Mends what should not be able to happen: a ClusterIP without its IPAddress, an IPAddress or a node port
// key that no Service has. Services are written together with these, so only other writers, or hands, bring
// that about. Runs soon after the start and then every three minutes, as upstream's loops do.

import type { ServiceCIDR } from '../../api/generated/types.ts'
import { nextTurn } from '../../component/clock.ts'
import type { Component } from '../../component/component.ts'
import { Periodic } from '../../component/periodic.ts'
import { parseCIDR } from '../../ip/cidr.ts'
import { type Entry, StoreError, type WriteOperation } from '../../storage/store.ts'
import { ipAddressFor } from './ipaddressobject.ts'
import { ipAddressPrefix, nodePortPrefix, serviceCIDRPrefix, servicePrefix } from './keys.ts'
import { defaultNodePortRange, type PortRange } from './portpool.ts'
import {
  type Finding,
  keyOf,
  planRepair,
  type Repair,
  type Snapshot,
  summarizeAddress,
  summarizeService,
} from './repairplan.ts'
import type { FollowOptions } from './storefollower.ts'

export interface AllocationRepairOptions extends FollowOptions {
  readonly nodePortRange?: PortRange
  /** Called for what is worth a Warning Event. */
  readonly onFinding?: (finding: Finding) => void
}

const firstDelayMs = 5000
const intervalMs = 180_000
/** Entries are read so many at a time, so that the event loop gets its turn in between. */
const pageSize = 500

export class AllocationRepair implements Component {
  readonly name = 'ipallocator-repair-controller'
  readonly #options: AllocationRepairOptions
  readonly #checks: Periodic

  constructor(options: AllocationRepairOptions) {
    this.#options = options
    this.#checks = new Periodic({
      clock: options.clock,
      intervalMs,
      run: () => this.run(),
      onError: error => options.log.warn('cannot check allocation', { error: String(error) }),
    })
  }

  async start(): Promise<void> {
    this.#checks.start(firstDelayMs)
  }

  async stop(): Promise<void> {
    this.#checks.stop()
  }

  /** Looks once and mends what it finds; resolves with what it did. */
  async run(): Promise<readonly Repair[]> {
    const { snapshot, revisions } = await this.#read()
    const { repairs, findings } = planRepair(snapshot, this.#options.clock.now())
    for (const finding of findings) {
      this.#options.log.warn('allocation is not as it should be', { ...finding })
      this.#options.onFinding?.(finding)
    }
    for (const repair of repairs) await this.#mend(repair, revisions)
    return repairs
  }

  /** All of one revision, so that what is written together is seen together. */
  async #read(): Promise<{ snapshot: Snapshot; revisions: ReadonlyMap<string, number> }> {
    const revision = await this.#options.store.revision()
    const revisions = new Map<string, number>()
    const services = new Map<string, ReturnType<typeof summarizeService>>()
    const addresses = new Map<string, ReturnType<typeof summarizeAddress>>()
    const ports = new Map<number, string>()
    const ranges: ServiceCIDR[] = []
    for await (const { value } of this.#entries(servicePrefix, revision)) {
      const summary = summarizeService(JSON.parse(value.toString()))
      if (summary.addresses.length + summary.ports.length > 0) services.set(keyOf(summary), summary)
    }
    for await (const entry of this.#entries(ipAddressPrefix, revision)) {
      const summary = summarizeAddress(JSON.parse(entry.value.toString()))
      addresses.set(summary.name, summary)
      revisions.set(entry.key, entry.revision)
    }
    for await (const entry of this.#entries(nodePortPrefix, revision)) {
      ports.set(Number(entry.key.slice(nodePortPrefix.length)), keyOf(JSON.parse(entry.value.toString())))
      revisions.set(entry.key, entry.revision)
    }
    for await (const { value } of this.#entries(serviceCIDRPrefix, revision)) {
      ranges.push(JSON.parse(value.toString()))
    }
    const snapshot: Snapshot = {
      services,
      addresses,
      ports,
      ranges: ranges.flatMap(({ spec }) => (spec?.cidrs ?? []).flatMap(cidr => parseCIDR(cidr) ?? [])),
      portRange: this.#options.nodePortRange ?? defaultNodePortRange,
    }
    return { snapshot, revisions }
  }

  async *#entries(prefix: string, revision: number): AsyncGenerator<Entry> {
    let after: string | undefined
    for (;;) {
      const page = await this.#options.store.list({
        prefix,
        revision,
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      })
      yield* page.entries
      after = page.entries.at(-1)?.key
      if (page.remaining === 0 || after === undefined) return
      await nextTurn()
    }
  }

  /** Whoever was faster has changed what we saw: the next round looks again. */
  async #mend(repair: Repair, revisions: ReadonlyMap<string, number>): Promise<void> {
    try {
      const operation = this.#operation(repair, revisions)
      if (operation) await this.#options.store.write([operation])
    } catch (error) {
      const isRace = error instanceof StoreError && ['KeyExists', 'NotFound', 'Conflict'].includes(error.code)
      if (!isRace) throw error
    }
  }

  #operation(repair: Repair, revisions: ReadonlyMap<string, number>): WriteOperation | undefined {
    const isAddress = repair.type === 'writeAddress' || repair.type === 'deleteAddress'
    const key = isAddress ? ipAddressPrefix + repair.name : `${nodePortPrefix}${repair.port}`
    const expectedRevision = revisions.get(key)
    if (repair.type === 'deleteAddress' || repair.type === 'deletePort') {
      return expectedRevision === undefined ? undefined : { type: 'delete', key, expectedRevision }
    }
    const { namespace, name } = repair.service
    const object =
      repair.type === 'writeAddress'
        ? ipAddressFor(repair.name, repair.service, this.#options.clock.now())
        : { namespace, name }
    const value = Buffer.from(JSON.stringify(object))
    return expectedRevision === undefined
      ? { type: 'create', key, value }
      : { type: 'update', key, value, expectedRevision }
  }
}
