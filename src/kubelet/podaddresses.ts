// The addresses of one node's Pods: one from each of the node's podCIDRs, in their order. The first address
// of a range is the node's own end, the gateway; a Pod that already has addresses keeps them.
import { AddressAllocator } from '../ip/allocator.ts'
import { RuntimeError } from './runtime.ts'

/** The network's own address, and the gateway's. */
const reserved = 2

export class PodAddresses {
  #ranges: { readonly cidr: string; readonly allocator: AddressAllocator }[] = []
  readonly #byPod = new Map<string, readonly string[]>()

  /** In the node's family order. What is given out stays so. */
  setRanges(podCIDRs: readonly string[]): void {
    this.#ranges = podCIDRs.map(
      cidr =>
        this.#ranges.find(range => range.cidr === cidr) ?? {
          cidr,
          allocator: new AddressAllocator(cidr, { reserveFirst: reserved }),
        },
    )
  }

  get isReady(): boolean {
    return this.#ranges.length > 0
  }

  /** Takes note of what a Pod has from before; addresses outside of the node's ranges are ignored. */
  adopt(uid: string, podIPs: readonly string[]): boolean {
    const isOurs =
      podIPs.length === this.#ranges.length &&
      this.#ranges.every(({ allocator }, index) => allocator.covers(podIPs[index] ?? ''))
    if (!isOurs || this.#byPod.has(uid)) return isOurs
    const taken = podIPs.filter((ip, index) => this.#ranges[index]?.allocator.allocate(ip) === 'allocated')
    if (taken.length === podIPs.length) {
      this.#byPod.set(uid, podIPs)
      return true
    }
    for (const ip of taken) this.#release(ip)
    return false
  }

  /** Idempotent. Throws RuntimeError when a range is full. */
  allocate(uid: string): readonly string[] {
    const known = this.#byPod.get(uid)
    if (known) return known
    if (!this.isReady) throw failure('cni plugin not initialized')
    const podIPs: string[] = []
    for (const { allocator, cidr } of this.#ranges) {
      const ip = allocator.allocateNext()
      if (!ip) {
        for (const taken of podIPs) this.#release(taken)
        throw failure(
          `plugin type="host-local" failed (add): no IP addresses available in range set: ${cidr}`,
        )
      }
      podIPs.push(ip)
    }
    this.#byPod.set(uid, podIPs)
    return podIPs
  }

  get(uid: string): readonly string[] | undefined {
    return this.#byPod.get(uid)
  }

  release(uid: string): void {
    for (const ip of this.#byPod.get(uid) ?? []) this.#release(ip)
    this.#byPod.delete(uid)
  }

  #release(ip: string): void {
    for (const { allocator } of this.#ranges) allocator.release(ip)
  }
}

const failure = (why: string) =>
  new RuntimeError(
    'FailedCreatePodSandBox',
    `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: ${why}`,
  )
