// All objects of a resource by namespace and name, listed in the order of their store keys as etcd lists
// them. Writes cost the same however many objects there are; a list after writes puts the new ones in their
// places first.
import type { Stored } from './stored.ts'

/** A name's place in the order; empty once its object is deleted. */
interface Slot {
  readonly name: string
  stored: Stored | undefined
}

const byName = (a: Slot, b: Slot) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

function merge(sorted: readonly Slot[], added: readonly Slot[]): Slot[] {
  const merged: Slot[] = []
  let next = 0
  for (const slot of sorted) {
    while (next < added.length && byName(added[next]!, slot) < 0) merged.push(added[next++]!)
    merged.push(slot)
  }
  while (next < added.length) merged.push(added[next++]!)
  return merged
}

class Bucket {
  readonly #slots = new Map<string, Slot>()
  #sorted: Slot[] = []
  #added: Slot[] = []
  #gaps = 0
  #list: readonly Stored[] | undefined

  get size(): number {
    return this.#slots.size
  }

  get(name: string): Stored | undefined {
    return this.#slots.get(name)?.stored
  }

  set(stored: Stored): void {
    this.#list = undefined
    const slot = this.#slots.get(stored.name)
    if (slot) {
      slot.stored = stored
      return
    }
    const added = { name: stored.name, stored }
    this.#slots.set(stored.name, added)
    this.#added.push(added)
  }

  delete(name: string): void {
    const slot = this.#slots.get(name)
    if (!slot) return
    this.#list = undefined
    slot.stored = undefined
    this.#gaps++
    this.#slots.delete(name)
  }

  list(): readonly Stored[] {
    if (this.#list) return this.#list
    if (this.#added.length > 0) {
      this.#sorted = merge(this.#sorted, this.#added.sort(byName))
      this.#added = []
    }
    if (this.#gaps > 0) {
      this.#sorted = this.#sorted.filter(slot => slot.stored)
      this.#gaps = 0
    }
    this.#list = this.#sorted.map(slot => slot.stored!)
    return this.#list
  }
}

export class ObjectIndex {
  readonly #buckets = new Map<string, Bucket>()
  #order: readonly string[] | undefined

  get(namespace: string, name: string): Stored | undefined {
    return this.#buckets.get(namespace)?.get(name)
  }

  set(stored: Stored): void {
    let bucket = this.#buckets.get(stored.namespace)
    if (!bucket) {
      bucket = new Bucket()
      this.#buckets.set(stored.namespace, bucket)
      this.#order = undefined
    }
    bucket.set(stored)
  }

  delete(namespace: string, name: string): void {
    const bucket = this.#buckets.get(namespace)
    if (!bucket) return
    bucket.delete(name)
    if (bucket.size > 0) return
    this.#buckets.delete(namespace)
    this.#order = undefined
  }

  /** Never change the answer: it is shared. */
  list(namespace?: string): readonly Stored[] {
    if (namespace !== undefined) return this.#buckets.get(namespace)?.list() ?? []
    if (this.#buckets.size === 1) for (const bucket of this.#buckets.values()) return bucket.list()
    // A key goes on after the namespace with a slash: `a-b/x` comes before `a/x`.
    this.#order ??= [...this.#buckets.keys()].sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1))
    return this.#order.flatMap(name => this.#buckets.get(name)!.list())
  }

  get size(): number {
    let size = 0
    for (const bucket of this.#buckets.values()) size += bucket.size
    return size
  }
}
