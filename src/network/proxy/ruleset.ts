// The desired table, and how to get there: all at once, or from the last state by the elements that
// changed. What a Service contributes comes from serviceplan.ts; here its elements are merged with those of
// all others. Of several Services that claim one key the first by name has it, until it gives it up.
import { Transaction } from '../nftables/transaction.ts'
import type { ProxyChain } from './route.ts'
import type { PlannedElement } from './serviceplan.ts'
import { proxyChains, proxyCollections, proxyTable, type StaticOptions } from './table.ts'

interface Claim {
  readonly owner: string
  readonly element: PlannedElement
}

type Elements = Map<string, PlannedElement[]>

function put(elements: Elements, element: PlannedElement): void {
  const found = elements.get(element.collection)
  if (found) found.push(element)
  else elements.set(element.collection, [element])
}

function innerMap<Value>(maps: Map<string, Map<string, Value>>, name: string): Map<string, Value> {
  const found = maps.get(name)
  if (found) return found
  const made = new Map<string, Value>()
  maps.set(name, made)
  return made
}

/** Which chains are needed by elements that are there, and by those chains in turn. */
class NeededChains {
  readonly #counts = new Map<string, number>()
  readonly #chains = new Map<string, ProxyChain>()

  retain(chain: ProxyChain): void {
    const count = this.#counts.get(chain.name) ?? 0
    this.#counts.set(chain.name, count + 1)
    if (count > 0) return
    this.#chains.set(chain.name, chain)
    for (const need of chain.needs) this.retain(need)
  }

  release(chain: ProxyChain): void {
    const count = this.#counts.get(chain.name)! - 1
    this.#counts.set(chain.name, count)
    if (count > 0) return
    this.#counts.delete(chain.name)
    this.#chains.delete(chain.name)
    for (const need of chain.needs) this.release(need)
  }

  get all(): ReadonlyMap<string, ProxyChain> {
    return this.#chains
  }
}

/** Referring ones first, so that each may be removed when its turn comes. */
function byNeed(chains: Iterable<ProxyChain>): ProxyChain[] {
  return [...chains].sort((a, b) => b.needs.length - a.needs.length)
}

export class Ruleset {
  readonly #static: StaticOptions
  /** Collection -> key -> who claims it, by name. */
  readonly #claims = new Map<string, Map<string, Claim[]>>()
  readonly #owned = new Map<string, readonly PlannedElement[]>()
  /** What the kernel has for the keys that were touched since the last transaction. */
  readonly #touched = new Map<string, Map<string, PlannedElement | undefined>>()
  readonly #needed = new NeededChains()
  #present = new Map<string, ProxyChain>()

  constructor(options: StaticOptions) {
    this.#static = options
  }

  /** From now on `owner` contributes these and nothing else. */
  replace(owner: string, elements: readonly PlannedElement[]): void {
    const before = this.#owned.get(owner) ?? []
    for (const element of before) this.#withdraw(owner, element)
    for (const element of elements) this.#claim(owner, element)
    if (elements.length > 0) this.#owned.set(owner, elements)
    else this.#owned.delete(owner)
  }

  get owners(): Iterable<string> {
    return this.#owned.keys()
  }

  /** Builds the table anew, whatever was there before. The changes up to now count as made. */
  full(): Transaction {
    this.#settle()
    const transaction = new Transaction(proxyTable)
    transaction.addTable()
    transaction.deleteTable()
    transaction.addTable()
    for (const collection of proxyCollections(this.#static.families)) transaction.addCollection(collection)
    transaction.addChains([...proxyChains(this.#static), ...this.#present.values()])
    for (const [collection, claims] of this.#claims) {
      transaction.addElements(
        collection,
        [...claims.values()].map(([first]) => first!.element),
      )
    }
    return transaction
  }

  /** From the state of the last transaction to this one. The changes count as made: if it fails, `full`. */
  update(): Transaction {
    const { added, removed, addedChains, removedChains } = this.#settle()
    const transaction = new Transaction(proxyTable)
    transaction.addChains(addedChains)
    for (const [collection, elements] of removed) {
      transaction.deleteElements(
        collection,
        elements.map(({ key }) => ({ key })),
      )
    }
    for (const [collection, elements] of added) transaction.addElements(collection, elements)
    for (const { name } of removedChains) transaction.flushChain(name)
    for (const { name } of removedChains) transaction.deleteChain(name)
    return transaction
  }

  /** How many rules each chain has when the kernel has what was planned. */
  get outline(): ReadonlyMap<string, number> {
    const chains = [...proxyChains(this.#static), ...this.#present.values()]
    return new Map(chains.map(({ name, rules }) => [name, rules.length]))
  }

  #settle() {
    const added: Elements = new Map()
    const removed: Elements = new Map()
    for (const [collection, keys] of this.#touched) {
      for (const [key, before] of keys) {
        const now = this.#winner(collection, key)
        if (before?.value === now?.value && (before === undefined) === (now === undefined)) continue
        if (before) put(removed, before)
        if (now) put(added, now)
      }
    }
    this.#touched.clear()
    for (const elements of added.values())
      for (const { chain } of elements) if (chain) this.#needed.retain(chain)
    for (const elements of removed.values()) {
      for (const { chain } of elements) if (chain) this.#needed.release(chain)
    }
    const present = this.#present
    const needed = this.#needed.all
    const addedChains = [...needed.values()].filter(({ name }) => !present.has(name))
    const removedChains = byNeed([...present.values()].filter(({ name }) => !needed.has(name)))
    this.#present = new Map(needed)
    return { added, removed, addedChains, removedChains }
  }

  #winner(collection: string, key: string): PlannedElement | undefined {
    return this.#claims.get(collection)?.get(key)?.[0]?.element
  }

  #touch({ collection, key }: PlannedElement): void {
    const keys = innerMap(this.#touched, collection)
    if (!keys.has(key)) keys.set(key, this.#winner(collection, key))
  }

  #claim(owner: string, element: PlannedElement): void {
    this.#touch(element)
    const { collection, key } = element
    const claims = innerMap(this.#claims, collection)
    const rivals = claims.get(key) ?? []
    if (rivals.length === 0) claims.set(key, rivals)
    const place = rivals.findIndex(rival => rival.owner > owner)
    rivals.splice(place < 0 ? rivals.length : place, 0, { owner, element })
  }

  #withdraw(owner: string, element: PlannedElement): void {
    this.#touch(element)
    const claims = this.#claims.get(element.collection)!
    const rivals = claims.get(element.key)!
    rivals.splice(
      rivals.findIndex(rival => rival.owner === owner),
      1,
    )
    if (rivals.length === 0) claims.delete(element.key)
  }
}
