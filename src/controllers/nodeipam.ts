// Gives every node its Pod ranges, one per family in the cluster's order: kube-controller-manager's
// nodeipam range allocator (KEP-563).
import type { Node } from '../api/generated/types.ts'
import { isNotFound } from '../api/status.ts'
import { CIDRAllocator } from '../ip/allocator.ts'
import { cidrsOverlap, parseCIDR } from '../ip/cidr.ts'
import { familyOfCIDR, type IPFamily } from '../ip/family.ts'
import type { Cache } from './cache.ts'
import { defineController } from './controller.ts'
import { nodes } from './resources.ts'

export interface NodeIPAMOptions {
  /** One range per family, the primary one first. */
  readonly clusterCIDRs: readonly string[]
  /** Prefix length of a node's range. Default 24 and 64. */
  readonly maskSizes?: Readonly<Partial<Record<IPFamily, number>>>
  /** Node ranges that overlap these are never given out. */
  readonly serviceCIDRs?: readonly string[]
}

const defaultMaskSizes: Readonly<Record<IPFamily, number>> = { IPv4: 24, IPv6: 64 }

/** The ranges of all nodes. Pure bookkeeping. */
export class NodeRanges {
  readonly #allocators: readonly CIDRAllocator[]
  readonly #held = new Map<string, readonly string[]>()

  constructor(options: NodeIPAMOptions) {
    const services = (options.serviceCIDRs ?? []).map(parseCIDR).filter(cidr => cidr !== undefined)
    this.#allocators = options.clusterCIDRs.map(cidr => {
      const family = familyOfCIDR(cidr)
      if (!family) throw new Error(`Cannot use ${cidr} for nodes: it is no CIDR`)
      const allocator = new CIDRAllocator(cidr, options.maskSizes?.[family] ?? defaultMaskSizes[family])
      for (const service of services) {
        if (cidrsOverlap(service, allocator.cidr)) reserve(allocator, service)
      }
      return allocator
    })
  }

  /** Takes what a node has already, so that no other gets it. */
  adopt(node: string, ranges: readonly string[]): void {
    if (this.#held.has(node)) return
    this.#held.set(node, ranges)
    for (const range of ranges) for (const allocator of this.#allocators) allocator.allocate(range)
  }

  /** One range per family for a node that has none; undefined when one family is exhausted. */
  allocate(node: string): readonly string[] | undefined {
    const held = this.#held.get(node)
    if (held) return held
    const ranges: string[] = []
    for (const allocator of this.#allocators) {
      const range = allocator.allocateNext()
      if (range === undefined) {
        this.#free(ranges)
        return undefined
      }
      ranges.push(range)
    }
    this.#held.set(node, ranges)
    return ranges
  }

  release(node: string): void {
    this.#free(this.#held.get(node) ?? [])
    this.#held.delete(node)
  }

  #free(ranges: readonly string[]): void {
    for (const range of ranges) for (const allocator of this.#allocators) allocator.release(range)
  }
}

function reserve(allocator: CIDRAllocator, service: NonNullable<ReturnType<typeof parseCIDR>>): void {
  const taken: string[] = []
  for (let range = allocator.allocateNext(); range !== undefined; range = allocator.allocateNext()) {
    taken.push(range)
  }
  for (const range of taken) {
    const part = parseCIDR(range)
    if (part && !cidrsOverlap(part, service)) allocator.release(range)
  }
}

export function nodeIPAMController(options: NodeIPAMOptions) {
  const ranges = new NodeRanges(options)
  let isPrimed = false
  /** Before the first range is given out, all that are in use must be known. */
  function prime(cache: Cache): void {
    if (isPrimed) return
    isPrimed = true
    for (const { metadata, spec } of cache.list(nodes)) {
      if (spec?.podCIDRs?.length) ranges.adopt(metadata.name ?? '', spec.podCIDRs)
    }
  }
  return defineController<Node>({
    name: 'cidrAllocator',
    for: nodes,
    matters: (node, previous) => !node.spec?.podCIDRs?.length || !previous.spec?.podCIDRs?.length,
    workers: 30,
    async reconcile(node, { client, cache, events, enqueueAfter }) {
      prime(cache)
      const { name = '' } = node.metadata
      if (node.spec?.podCIDRs?.length) return ranges.adopt(name, node.spec.podCIDRs)
      if (node.metadata.deletionTimestamp) return
      const podCIDRs = ranges.allocate(name)
      if (!podCIDRs) {
        const message = `Node ${name} status is now: CIDRNotAvailable`
        events.event({ resource: nodes, object: node }, 'Normal', { reason: 'CIDRNotAvailable', message })
        return enqueueAfter(10_000)
      }
      try {
        await client.patch(nodes, { name }, { spec: { podCIDR: podCIDRs[0], podCIDRs } })
      } catch (error) {
        if (isNotFound(error)) return ranges.release(name)
        const message = `Node ${name} status is now: CIDRAssignmentFailed`
        events.event({ resource: nodes, object: node }, 'Normal', { reason: 'CIDRAssignmentFailed', message })
        throw error
      }
    },
    deleted: key => ranges.release(key),
  })
}
