// The hooks that give Services their families, addresses and node ports (KEP-563, KEP-1880). A Service, its
// IPAddresses and its node ports are written together or not at all, so a crash leaves nothing behind.
import type { Service } from '../../api/generated/types.ts'
import { resolveFamilies } from '../../api/resources/core/service/families.ts'
import {
  dropTypeDependentFields,
  keepAllocatedValues,
  normalizeClusterIPs,
} from '../../api/resources/core/service/update.ts'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import type { IPFamilies } from '../../ip/family.ts'
import type { Store } from '../../storage/store.ts'
import type { HookOptions, PendingWrite, RegistryHooks } from '../registry/hooks.ts'
import { AddressPool } from './addresspool.ts'
import { ClaimedKeys } from './claimedkeys.ts'
import { allocateClusterIPs, releaseClusterIPs, updateClusterIPs } from './clusterips.ts'
import { invalidService } from './errors.ts'
import { addressName } from './ipaddressobject.ts'
import { ipAddressPrefix, nodePortPrefix } from './keys.ts'
import { NodePorts } from './nodeports.ts'
import { defaultNodePortRange, PortPool, type PortRange } from './portpool.ts'
import { summarizeService } from './repairplan.ts'
import { ServiceCIDRs } from './servicecidrs.ts'
import { type Supplies, Transaction } from './transaction.ts'

export interface ServiceAllocatorOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  /** Of the configured ServiceCIDR, primary first. */
  readonly families: IPFamilies
  /** Default: 30000-32767. */
  readonly nodePortRange?: PortRange
}

export class ServiceAllocator implements RegistryHooks<Service> {
  readonly #store: Store
  readonly #families: IPFamilies
  readonly #supplies: Supplies
  readonly #nodePorts: NodePorts
  readonly #serviceCIDRs: ServiceCIDRs

  constructor(options: ServiceAllocatorOptions) {
    const { families, nodePortRange = defaultNodePortRange } = options
    const addresses = new AddressPool(families)
    const ports = new PortPool(nodePortRange)
    const addressKeys = new ClaimedKeys({ ...options, prefix: ipAddressPrefix, pool: addresses })
    const portKeys = new ClaimedKeys({ ...options, prefix: nodePortPrefix, pool: ports })
    this.#store = options.store
    this.#families = families
    this.#supplies = { addresses, addressKeys, ports, portKeys, clock: options.clock }
    this.#nodePorts = new NodePorts(nodePortRange)
    this.#serviceCIDRs = new ServiceCIDRs(options, found => {
      addresses.setRanges(found, addressKeys.names())
    })
  }

  /** Reads what is taken; from then on it follows the store. */
  async open(): Promise<void> {
    const { addressKeys, portKeys } = this.#supplies
    await Promise.all([this.#serviceCIDRs.open(), addressKeys.open(), portKeys.open()])
  }

  close(): void {
    this.#serviceCIDRs.close()
    this.#supplies.addressKeys.close()
    this.#supplies.portKeys.close()
  }

  async beginCreate(service: Service, options: HookOptions): Promise<PendingWrite> {
    normalizeClusterIPs(service, undefined)
    this.#resolve(service, undefined)
    return this.#run(service, options, transaction => {
      allocateClusterIPs(service, transaction)
      this.#nodePorts.allocate(service, transaction)
    })
  }

  /**
   * Upstream allocates before it prepares the update; what a new type has no use for is therefore dropped
   * here, at the end, and not by the resource.
   */
  async beginUpdate(service: Service, previous: Service, options: HookOptions): Promise<PendingWrite> {
    await this.#learn(previous)
    keepAllocatedValues(service, previous)
    normalizeClusterIPs(service, previous)
    this.#resolve(service, previous)
    return this.#run(service, options, transaction => {
      updateClusterIPs(service, previous, transaction)
      this.#nodePorts.update(service, previous, transaction)
      dropTypeDependentFields(service, previous)
    })
  }

  async beginDelete(service: Service, options: HookOptions): Promise<PendingWrite> {
    await this.#learn(service)
    return this.#run(service, options, transaction => {
      releaseClusterIPs(service, transaction)
      this.#nodePorts.release(service, transaction)
    })
  }

  /** From then on, other places in the ranges than where another server gives out the same. */
  lostRace(): void {
    this.#supplies.addresses.moveOn(Math.random())
    this.#supplies.ports.moveOn(Math.random())
  }

  /** What a Service has can only be given back once its keys are known, which come as events. */
  async #learn(service: Service): Promise<void> {
    const { addressKeys, portKeys } = this.#supplies
    const { addresses, ports } = summarizeService(service)
    const isKnown =
      addresses.every(address => addressKeys.has(addressName(address) ?? address)) &&
      ports.every(port => portKeys.has(String(port)))
    if (!isKnown) await this.#store.progress()
  }

  #resolve(service: Service, previous: Service | undefined): void {
    const errors = resolveFamilies(service, previous, this.#families)
    if (errors.length > 0) throw invalidService(service, errors)
  }

  #run(service: Service, options: HookOptions, work: (transaction: Transaction) => void): PendingWrite {
    const transaction = new Transaction(this.#supplies, service)
    try {
      work(transaction)
    } catch (error) {
      transaction.abort()
      throw error
    }
    return transaction.finish(options)
  }
}

/** A ServiceAllocator that knows what the store says. Close it. */
export async function openServiceAllocator(options: ServiceAllocatorOptions): Promise<ServiceAllocator> {
  const allocator = new ServiceAllocator(options)
  await allocator.open()
  return allocator
}
