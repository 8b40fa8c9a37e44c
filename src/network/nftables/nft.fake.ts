// nftables in memory. It knows tables, chains, sets and maps, and refuses what the kernel refuses: elements
// of sets that do not exist, a second value for a key, references to chains that are not there, the removal
// of chains that are referred to. It does not understand rules.
import type { Nft, TableOutline } from './nft.ts'
import { formatTable, type Hook, type Table } from './objects.ts'
import type { Operation, Transaction } from './transaction.ts'

interface FakeChain {
  readonly hook: Hook | undefined
  readonly rules: string[]
}

interface FakeTable {
  readonly chains: Map<string, FakeChain>
  /** Name -> key -> value; a set's elements have the value ''. */
  readonly collections: Map<string, Map<string, string>>
}

const emptyTable = (): FakeTable => ({ chains: new Map(), collections: new Map() })
const copy = (table: FakeTable): FakeTable => ({
  chains: new Map([...table.chains].map(([name, { hook, rules }]) => [name, { hook, rules: [...rules] }])),
  collections: new Map([...table.collections].map(([name, elements]) => [name, new Map(elements)])),
})

const chainsIn = (text: string) => [...text.matchAll(/\b(?:goto|jump) ([\w./-]+)/g)].map(match => match[1]!)
const collectionsIn = (text: string) => [...text.matchAll(/@([A-Za-z][\w./-]*)/g)].map(match => match[1]!)

export class FakeNft implements Nft {
  readonly tables = new Map<string, FakeTable>()
  /** The text of every transaction that was accepted. */
  readonly ran: string[] = []
  /** The next transaction is refused with this. */
  failNext: Error | undefined

  async run(transaction: Transaction): Promise<void> {
    const failure = this.failNext
    this.failNext = undefined
    if (failure) throw failure
    if (transaction.problem) throw new Error(transaction.problem)
    if (transaction.isEmpty) return
    const name = formatTable(transaction.table)
    const known = this.tables.get(name)
    let table = known && copy(known)
    for (const operation of transaction.operations) table = apply(table, operation)
    if (table) this.tables.set(name, table)
    else this.tables.delete(name)
    this.ran.push(transaction.toString())
  }

  async outline(table: Table): Promise<TableOutline | undefined> {
    const found = this.tables.get(formatTable(table))
    if (!found) return undefined
    return {
      chains: new Map([...found.chains].map(([name, { rules }]) => [name, rules.length])),
      collections: new Set(found.collections.keys()),
    }
  }

  /** The elements of a set or map as `key : value` or `key`, sorted. */
  elements(table: Table, collection: string): string[] {
    const elements = this.tables.get(formatTable(table))?.collections.get(collection)
    return [...(elements ?? [])].map(([key, value]) => (value ? `${key} : ${value}` : key)).sort()
  }
}

const refuse = (what: string, why: string): never => {
  throw new Error(`Cannot change the table: ${what}: ${why}`)
}

const absent = 'No such file or directory'

function referredTo(table: FakeTable, chain: string): boolean {
  const inRules = [...table.chains.values()].some(({ rules }) =>
    rules.some(rule => chainsIn(rule).includes(chain)),
  )
  if (inRules) return true
  for (const elements of table.collections.values()) {
    for (const value of elements.values()) if (chainsIn(value).includes(chain)) return true
  }
  return false
}

function apply(table: FakeTable | undefined, operation: Operation): FakeTable | undefined {
  if (operation.verb === 'add table') return table ?? emptyTable()
  if (!table) return refuse(operation.verb, absent)
  switch (operation.verb) {
    case 'delete table':
      return undefined
    case 'add collection':
      if (!table.collections.has(operation.collection.name)) {
        table.collections.set(operation.collection.name, new Map())
      }
      return table
    case 'delete collection':
      return deleteCollection(table, operation.collection)
    case 'flush collection':
      elementsOf(table, operation.collection).clear()
      return table
    case 'add element':
    case 'delete element':
      changeElements(table, operation)
      return table
    case 'add chain':
    case 'add rule':
    case 'flush chain':
    case 'delete chain':
      changeChain(table, operation)
      return table
  }
}

const elementsOf = (table: FakeTable, name: string): Map<string, string> =>
  table.collections.get(name) ?? refuse(`set ${name}`, absent)

function deleteCollection(table: FakeTable, name: string): FakeTable {
  elementsOf(table, name)
  const used = [...table.chains.values()].some(({ rules }) =>
    rules.some(rule => collectionsIn(rule).includes(name)),
  )
  if (used) refuse(`set ${name}`, 'Device or resource busy')
  table.collections.delete(name)
  return table
}

function changeElements(
  table: FakeTable,
  { verb, collection, elements }: Extract<Operation, { elements: unknown }>,
): void {
  const found = elementsOf(table, collection)
  for (const { key, value = '' } of elements) {
    const what = `element ${key} of ${collection}`
    if (verb === 'delete element') {
      if (!found.delete(key)) refuse(what, absent)
      continue
    }
    if ((found.get(key) ?? value) !== value) refuse(what, 'File exists')
    for (const chain of chainsIn(value)) if (!table.chains.has(chain)) refuse(what, absent)
    found.set(key, value)
  }
}

type ChainOperation = Extract<Operation, { readonly chain: unknown }>

function changeChain(table: FakeTable, operation: ChainOperation): void {
  if (operation.verb === 'add chain') {
    const { name, hook } = operation.chain
    if (!table.chains.has(name)) table.chains.set(name, { hook, rules: [] })
    return
  }
  const name = operation.chain
  const chain = table.chains.get(name) ?? refuse(`chain ${name}`, absent)
  if (operation.verb === 'flush chain') chain.rules.length = 0
  if (operation.verb === 'delete chain') {
    if (referredTo(table, name)) refuse(`chain ${name}`, 'Device or resource busy')
    table.chains.delete(name)
  }
  if (operation.verb === 'add rule') {
    const { rule } = operation
    for (const target of chainsIn(rule)) if (!table.chains.has(target)) refuse(rule, absent)
    for (const used of collectionsIn(rule)) if (!table.collections.has(used)) refuse(rule, absent)
    chain.rules.push(rule)
  }
}
