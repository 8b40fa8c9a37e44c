// Where ClusterIPs come from: the ranges of all ServiceCIDRs that are ready (KEP-1880). Ranges may overlap;
// an address that is taken is taken in all of them.
import type { ServiceCIDR } from '../../api/generated/types.ts'
import { AddressAllocator } from '../../ip/allocator.ts'
import { familyOfCIDR, type IPFamilies, type IPFamily } from '../../ip/family.ts'
import type { Pool } from './claimedkeys.ts'

export type NamedOutcome = 'allocated' | 'taken' | 'notInRange' | 'notReady'

interface Range {
  readonly allocator: AddressAllocator
  ready: boolean
}

export const isReady = (serviceCIDR: ServiceCIDR): boolean =>
  serviceCIDR.metadata.deletionTimestamp === undefined &&
  (serviceCIDR.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')

export class AddressPool implements Pool {
  readonly families: IPFamilies
  /** By the text of the CIDR, oldest first. */
  readonly #ranges = new Map<string, Range>()

  /** ServiceCIDRs of other families are of no account. */
  constructor(families: IPFamilies) {
    this.families = families
  }

  /** The ranges from now on; `taken` are all addresses that are in use. */
  setRanges(serviceCIDRs: Iterable<ServiceCIDR>, taken: Iterable<string>): void {
    const wanted = new Map<string, boolean>()
    for (const serviceCIDR of serviceCIDRs) {
      for (const cidr of serviceCIDR.spec?.cidrs ?? []) {
        const family = familyOfCIDR(cidr)
        if (!family || !this.families.includes(family)) continue
        wanted.set(cidr, (wanted.get(cidr) ?? false) || isReady(serviceCIDR))
      }
    }
    for (const cidr of this.#ranges.keys()) if (!wanted.has(cidr)) this.#ranges.delete(cidr)
    const added: Range[] = []
    for (const [cidr, ready] of wanted) {
      const range = this.#ranges.get(cidr)
      if (range) range.ready = ready
      else {
        const fresh = { allocator: new AddressAllocator(cidr, { staticBand: true }), ready }
        this.#ranges.set(cidr, fresh)
        added.push(fresh)
      }
    }
    if (added.length === 0) return
    for (const address of taken) for (const { allocator } of added) allocator.allocate(address)
  }

  mark(name: string): void {
    for (const { allocator } of this.#ranges.values()) allocator.allocate(name)
  }

  unmark(name: string): void {
    for (const { allocator } of this.#ranges.values()) allocator.release(name)
  }

  /** Undefined when all ranges of the family are full, or none is ready. */
  allocateNext(family: IPFamily): string | undefined {
    for (const { allocator, ready } of this.#ranges.values()) {
      if (!ready || allocator.cidr.family !== family) continue
      const address = allocator.allocateNext()
      if (address === undefined) continue
      if (this.#ranges.size > 1) this.mark(address)
      return address
    }
    return undefined
  }

  /** Goes on from elsewhere in every range. */
  moveOn(fraction: number): void {
    for (const { allocator } of this.#ranges.values()) allocator.moveOn(fraction)
  }

  /** `address` is canonical. */
  allocate(address: string): NamedOutcome {
    let outcome: NamedOutcome = 'notInRange'
    for (const { allocator, ready } of this.#ranges.values()) {
      if (!ready || !allocator.covers(address)) continue
      if (allocator.has(address)) return 'taken'
      outcome = 'allocated'
    }
    if (outcome === 'allocated') this.mark(address)
    return outcome
  }

  /** Is it in a range, ready or not? */
  covers(address: string): boolean {
    return [...this.#ranges.values()].some(({ allocator }) => allocator.covers(address))
  }
}
