// Gives Services of type LoadBalancer their addresses, one per family, from pools of our own: the part of
// cloud-provider's service-controller that has no cloud behind it. Services with a loadBalancerClass belong
// to somebody else.
import type { LoadBalancerIngress, Service } from '../api/generated/types.ts'
import { keyOf } from '../client/informer.ts'
import { AddressAllocator } from '../ip/allocator.ts'
import { familyOf, type IPFamily } from '../ip/family.ts'
import type { Controller } from './controller.ts'
import { defineController, type ReconcileContext } from './controller.ts'
import { services } from './resources.ts'

export const cleanupFinalizer = 'service.kubernetes.io/load-balancer-cleanup'
const retryDelayMs = 5000

/** A pool per family, and who holds what of it. */
export class LoadBalancerPools {
  readonly #allocators: readonly AddressAllocator[]
  /** Address -> key of the Service, and the other way round. */
  readonly #holders = new Map<string, string>()
  readonly #held = new Map<string, Set<string>>()

  /** Several ranges of a family are used one after the other. */
  constructor(ranges: readonly string[]) {
    this.#allocators = ranges.map(range => new AddressAllocator(range))
  }

  has(family: IPFamily): boolean {
    return this.#allocators.some(({ cidr }) => cidr.family === family)
  }

  /** What the Service holds, in no order. */
  heldBy(key: string): string[] {
    return [...(this.#held.get(key) ?? [])]
  }

  /** False when it is of no pool, or somebody else's. */
  hold(address: string, key: string): boolean {
    const holder = this.#holders.get(address)
    if (holder !== undefined) return holder === key
    if (!this.#allocators.some(pool => pool.allocate(address) === 'allocated')) return false
    this.#note(address, key)
    return true
  }

  holdNext(family: IPFamily, key: string): string | undefined {
    for (const pool of this.#allocators) {
      if (pool.cidr.family !== family) continue
      const address = pool.allocateNext()
      if (address === undefined) continue
      this.#note(address, key)
      return address
    }
    return undefined
  }

  release(address: string): void {
    const key = this.#holders.get(address) ?? ''
    const held = this.#held.get(key)
    held?.delete(address)
    if (held?.size === 0) this.#held.delete(key)
    this.#holders.delete(address)
    for (const pool of this.#allocators) pool.release(address)
  }

  #note(address: string, key: string): void {
    this.#holders.set(address, key)
    const held = this.#held.get(key)
    if (held) held.add(address)
    else this.#held.set(key, new Set([address]))
  }
}

export type Assignment =
  | { readonly addresses: readonly string[] }
  /** Nothing is assigned, and why. */
  | { readonly problem: string }

/** Ours to serve: of the type, of no class, and not going away. */
export const isBalanced = ({ metadata, spec }: Service): boolean =>
  spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && !metadata.deletionTimestamp

const ingressIPs = ({ status }: Service): string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []))

function addressFor(
  service: Service,
  family: IPFamily,
  pools: LoadBalancerPools,
): { readonly address: string } | { readonly problem: string } {
  const key = keyOf(service)
  const asked = service.spec?.loadBalancerIP
  if (asked && familyOf(asked) === family) {
    return pools.hold(asked, key)
      ? { address: asked }
      : { problem: `the requested address ${asked} is taken or in none of the pools` }
  }
  const held = [...ingressIPs(service), ...pools.heldBy(key)].find(
    address => familyOf(address) === family && pools.hold(address, key),
  )
  const address = held ?? pools.holdNext(family, key)
  if (address !== undefined) return { address }
  return { problem: `the ${family} pool ${pools.has(family) ? 'is full' : 'does not exist'}` }
}

/**
 * One address for each of the Service's families, in its order. PreferDualStack is content with those there
 * are; any other policy gets all or nothing.
 */
export function assignAddresses(service: Service, pools: LoadBalancerPools): Assignment {
  const families = (service.spec?.ipFamilies ?? []) as IPFamily[]
  const found = families.map(family => addressFor(service, family, pools))
  const addresses = found.flatMap(one => ('address' in one ? [one.address] : []))
  const problems = found.flatMap(one => ('problem' in one ? [one.problem] : []))
  const isContent = service.spec?.ipFamilyPolicy === 'PreferDualStack' && addresses.length > 0
  const keep = new Set(problems.length === 0 || isContent ? addresses : [])
  for (const address of pools.heldBy(keyOf(service))) if (!keep.has(address)) pools.release(address)
  return keep.size > 0 ? { addresses } : { problem: problems.join(', ') || 'it has no families' }
}

const sameIngress = (service: Service, wanted: readonly LoadBalancerIngress[]): boolean => {
  const found = service.status?.loadBalancer?.ingress ?? []
  return (
    found.length === wanted.length &&
    found.every(({ ip, ipMode }, index) => ip === wanted[index]?.ip && ipMode === wanted[index]?.ipMode)
  )
}

class LoadBalancers {
  readonly #pools: LoadBalancerPools
  /** Services that did not get what they need, and the problem that was last told. */
  readonly #waiting = new Map<string, string>()
  #isLoaded = false

  constructor(ranges: readonly string[]) {
    this.#pools = new LoadBalancerPools(ranges)
  }

  async reconcile(service: Service, context: ReconcileContext): Promise<void> {
    this.#load(context)
    if (isBalanced(service)) await this.#ensure(service, context)
    else if (service.spec?.loadBalancerClass === undefined) await this.#cleanUp(service, context)
    else this.#release(context.key)
  }

  deleted(key: string): void {
    this.#release(key)
  }

  /** What was given out before this process began stays where it is. */
  #load({ cache }: ReconcileContext): void {
    if (this.#isLoaded) return
    this.#isLoaded = true
    for (const service of cache.list(services).filter(isBalanced)) {
      for (const address of ingressIPs(service)) this.#pools.hold(address, keyOf(service))
    }
  }

  async #ensure(service: Service, context: ReconcileContext): Promise<void> {
    const assignment = assignAddresses(service, this.#pools)
    if ('problem' in assignment) {
      this.#wait(service, assignment.problem, context)
      if (ingressIPs(service).length > 0) await setIngress(service, [], context)
      return
    }
    this.#waiting.delete(context.key)
    const ingress = assignment.addresses.map(ip => ({ ip, ipMode: 'VIP' }))
    const hasFinalizer = service.metadata.finalizers?.includes(cleanupFinalizer) ?? false
    if (hasFinalizer && sameIngress(service, ingress)) return
    tell(service, context, ['EnsuringLoadBalancer', 'Ensuring load balancer'])
    const current = hasFinalizer ? service : await setFinalizer(service, true, context)
    if (!sameIngress(current, ingress)) await setIngress(current, ingress, context)
    tell(service, context, ['EnsuredLoadBalancer', 'Ensured load balancer'])
  }

  #wait(service: Service, problem: string, context: ReconcileContext): void {
    context.enqueueAfter(retryDelayMs)
    if (this.#waiting.get(context.key) === problem) return
    this.#waiting.set(context.key, problem)
    context.events.event({ resource: services, object: service }, 'Warning', {
      reason: 'SyncLoadBalancerFailed',
      message: `Error syncing load balancer: failed to ensure load balancer: ${problem}`,
    })
  }

  async #cleanUp(service: Service, context: ReconcileContext): Promise<void> {
    const hadAddresses = this.#pools.heldBy(context.key).length > 0
    const hasFinalizer = service.metadata.finalizers?.includes(cleanupFinalizer) ?? false
    if (!hadAddresses && !hasFinalizer) return
    tell(service, context, ['DeletingLoadBalancer', 'Deleting load balancer'])
    this.#release(context.key)
    if (hasFinalizer) await setFinalizer(service, false, context)
    tell(service, context, ['DeletedLoadBalancer', 'Deleted load balancer'])
  }

  #release(key: string): void {
    this.#waiting.delete(key)
    for (const address of this.#pools.heldBy(key)) this.#pools.release(address)
  }
}

function tell(
  object: Service,
  { events }: ReconcileContext,
  [reason, message]: readonly [reason: string, message: string],
): void {
  events.event({ resource: services, object }, 'Normal', { reason, message })
}

async function setFinalizer(
  service: Service,
  isWanted: boolean,
  { client }: ReconcileContext,
): Promise<Service> {
  const { finalizers = [] } = service.metadata
  const others = finalizers.filter(finalizer => finalizer !== cleanupFinalizer)
  const wanted = isWanted ? [...others, cleanupFinalizer] : others
  return client.update(services, { ...service, metadata: { ...service.metadata, finalizers: wanted } })
}

async function setIngress(
  service: Service,
  ingress: readonly LoadBalancerIngress[],
  { client }: ReconcileContext,
): Promise<void> {
  const loadBalancer = ingress.length > 0 ? { ingress: [...ingress] } : {}
  await client.updateStatus(services, { ...service, status: { ...service.status, loadBalancer } })
}

/** `ranges` are CIDRs of either family; without any, load balancers stay pending. */
export function loadBalancerController(options: { readonly ranges: readonly string[] }): Controller {
  const balancers = new LoadBalancers(options.ranges)
  return defineController<Service>({
    name: 'service-controller',
    for: services,
    workers: 1,
    matters: (service, previous) =>
      service.spec?.type === 'LoadBalancer' || previous.spec?.type === 'LoadBalancer',
    reconcile: async (service, context) => {
      if (options.ranges.length > 0) await balancers.reconcile(service, context)
    },
    deleted: key => balancers.deleted(key),
  })
}
