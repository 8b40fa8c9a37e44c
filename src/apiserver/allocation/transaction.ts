// What one write of a Service takes and gives back. Taking happens at once, so that no other write gets the
// same; it is undone when the write does not happen. Giving back happens by the write itself.
import type { Service } from '../../api/generated/types.ts'
import type { Clock } from '../../component/clock.ts'
import type { IPFamily } from '../../ip/family.ts'
import type { WriteOperation } from '../../storage/store.ts'
import { nothingPending, type PendingWrite } from '../registry/hooks.ts'
import type { AddressPool, NamedOutcome } from './addresspool.ts'
import type { ClaimedKeys } from './claimedkeys.ts'
import { addressName, ipAddressFor, type ServiceReference } from './ipaddressobject.ts'
import type { PortPool } from './portpool.ts'

export interface Supplies {
  readonly addresses: AddressPool
  readonly addressKeys: ClaimedKeys
  readonly ports: PortPool
  readonly portKeys: ClaimedKeys
  readonly clock: Clock
}

export class Transaction {
  readonly #supplies: Supplies
  readonly #owner: ServiceReference
  readonly #operations: WriteOperation[] = []
  readonly #taken: (() => void)[] = []

  constructor(supplies: Supplies, service: Service) {
    this.#supplies = supplies
    this.#owner = { namespace: service.metadata.namespace ?? '', name: service.metadata.name ?? '' }
  }

  takeNextAddress(family: IPFamily): string | undefined {
    const address = this.#supplies.addresses.allocateNext(family)
    if (address !== undefined) this.#claimAddress(address)
    return address
  }

  takeAddress(address: string): NamedOutcome {
    const name = addressName(address)
    const outcome = name === undefined ? 'notInRange' : this.#supplies.addresses.allocate(name)
    if (outcome === 'allocated') this.#claimAddress(name!)
    return outcome
  }

  releaseAddress(address: string): void {
    const name = addressName(address)
    const operation = name === undefined ? undefined : this.#supplies.addressKeys.disclaim(name)
    if (operation) this.#operations.push(operation)
  }

  takeNextPort(): number | undefined {
    const port = this.#supplies.ports.allocateNext()
    if (port !== undefined) this.#claimPort(port)
    return port
  }

  takePort(port: number): 'allocated' | 'taken' | 'outOfRange' {
    const outcome = this.#supplies.ports.allocate(port)
    if (outcome === 'allocated') this.#claimPort(port)
    return outcome
  }

  releasePort(port: number): void {
    const operation = this.#supplies.portKeys.disclaim(String(port))
    if (operation) this.#operations.push(operation)
  }

  abort(): void {
    for (const undo of this.#taken.splice(0)) undo()
  }

  /** A dry run gives everything back at once and writes nothing. */
  finish(options: { readonly dryRun: boolean }): PendingWrite {
    if (options.dryRun) {
      this.abort()
      return nothingPending
    }
    if (this.#operations.length === 0) return nothingPending
    return { operations: this.#operations, commit: () => undefined, abort: () => this.abort() }
  }

  #claimAddress(name: string): void {
    const { addressKeys, clock } = this.#supplies
    const object = ipAddressFor(name, this.#owner, clock.now())
    this.#operations.push(addressKeys.claim(name, Buffer.from(JSON.stringify(object))))
    this.#taken.push(() => addressKeys.abandon(name))
  }

  #claimPort(port: number): void {
    const { portKeys } = this.#supplies
    const value = Buffer.from(JSON.stringify(this.#owner))
    this.#operations.push(portKeys.claim(String(port), value))
    this.#taken.push(() => portKeys.abandon(String(port)))
  }
}
