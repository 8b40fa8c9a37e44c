// Changes to one table that take effect together or not at all. Operations are queued; the first one that
// cannot be right is remembered and reported when the transaction runs, so that callers stay linear. The
// text is what nft is given: what is logged is what ran. The shape follows sigs.k8s.io/knftables.
import {
  type Chain,
  type Element,
  formatCollection,
  formatElement,
  formatHook,
  formatTable,
  type NftMap,
  type NftSet,
  type Table,
} from './objects.ts'

export type Operation =
  | { readonly verb: 'add table' | 'delete table' }
  /** Its rules are added by operations of their own, so that chains may refer to each other. */
  | { readonly verb: 'add chain'; readonly chain: Chain }
  | { readonly verb: 'add rule'; readonly chain: string; readonly rule: string }
  | { readonly verb: 'flush chain' | 'delete chain'; readonly chain: string }
  | { readonly verb: 'add collection'; readonly collection: NftSet | NftMap }
  | {
      readonly verb: 'flush collection' | 'delete collection'
      readonly collection: string
      readonly kind: 'set' | 'map'
    }
  | {
      readonly verb: 'add element' | 'delete element'
      readonly collection: string
      readonly elements: readonly Element[]
    }

const longestName = 127
const isName = (text: string) => /^[A-Za-z][\w./-]*$/.test(text) && text.length <= longestName
const isOneLine = (text: string) => text.trim() !== '' && !/[\n;]/.test(text)

export class Transaction {
  readonly table: Table
  readonly #operations: Operation[] = []
  #problem: string | undefined

  constructor(table: Table) {
    this.table = table
    this.#check(isName(table.name), `table name ${JSON.stringify(table.name)}`)
  }

  get operations(): readonly Operation[] {
    return this.#operations
  }

  get isEmpty(): boolean {
    return this.#operations.length === 0
  }

  /** The first operation that cannot be right, in words. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Makes the table, or leaves it as it is. */
  addTable(): void {
    this.#operations.push({ verb: 'add table' })
  }

  /** With everything in it. It must exist: `addTable` before it makes sure. */
  deleteTable(): void {
    this.#operations.push({ verb: 'delete table' })
  }

  /** Without its rules. */
  addChain(chain: Chain): void {
    this.#check(isName(chain.name), `chain name ${JSON.stringify(chain.name)}`)
    this.#operations.push({ verb: 'add chain', chain })
  }

  addRule(chain: string, rule: string): void {
    this.#check(isOneLine(rule), `rule ${JSON.stringify(rule)}`)
    this.#operations.push({ verb: 'add rule', chain, rule })
  }

  /** Makes the chains, then their rules: they may refer to each other. */
  addChains(chains: Iterable<Chain>): void {
    const all = [...chains]
    for (const chain of all) this.addChain(chain)
    for (const chain of all) for (const rule of chain.rules) this.addRule(chain.name, rule)
  }

  /** Empties the chain. */
  flushChain(chain: string): void {
    this.#operations.push({ verb: 'flush chain', chain })
  }

  /** Nothing may refer to it any more. */
  deleteChain(chain: string): void {
    this.#operations.push({ verb: 'delete chain', chain })
  }

  addCollection(collection: NftSet | NftMap): void {
    this.#check(isName(collection.name), `name ${JSON.stringify(collection.name)}`)
    this.#operations.push({ verb: 'add collection', collection })
  }

  flushCollection({ name, kind }: NftSet | NftMap): void {
    this.#operations.push({ verb: 'flush collection', collection: name, kind })
  }

  /** No rule may look into it any more. */
  deleteCollection({ name, kind }: NftSet | NftMap): void {
    this.#operations.push({ verb: 'delete collection', collection: name, kind })
  }

  addElements(collection: string, elements: readonly Element[]): void {
    this.#changeElements('add element', collection, elements)
  }

  /** Every one of them must exist. */
  deleteElements(collection: string, elements: readonly Element[]): void {
    this.#changeElements('delete element', collection, elements)
  }

  #changeElements(verb: 'add element' | 'delete element', collection: string, elements: readonly Element[]) {
    if (elements.length === 0) return
    const wrong = elements.find(element => !/^[^{},;\n]+$/.test(formatElement(element)))
    this.#check(!wrong, `element ${JSON.stringify(wrong)} of ${collection}`)
    this.#operations.push({ verb, collection, elements })
  }

  #check(isRight: boolean, what: string): void {
    if (!isRight) this.#problem ??= `Cannot change table ${this.table.name}: ${what} is not valid`
  }

  /** One command per line, as `nft -f` reads it. */
  toString(): string {
    const table = formatTable(this.table)
    return this.#operations.map(operation => `${format(table, operation)}\n`).join('')
  }
}

function format(table: string, operation: Operation): string {
  switch (operation.verb) {
    case 'add table':
    case 'delete table':
      return `${operation.verb} ${table}`
    case 'add chain': {
      const { name, hook } = operation.chain
      return `add chain ${table} ${name}${hook ? ` ${formatHook(hook)}` : ''}`
    }
    case 'add rule':
      return `add rule ${table} ${operation.chain} ${operation.rule}`
    case 'flush chain':
    case 'delete chain':
      return `${operation.verb} ${table} ${operation.chain}`
    case 'add collection': {
      const { kind, name } = operation.collection
      return `add ${kind} ${table} ${name} ${formatCollection(operation.collection)}`
    }
    case 'delete collection':
      return `delete ${operation.kind} ${table} ${operation.collection}`
    case 'flush collection':
      return `flush ${operation.kind} ${table} ${operation.collection}`
    case 'add element':
    case 'delete element': {
      const elements = operation.elements.map(formatElement).join(', ')
      return `${operation.verb} ${table} ${operation.collection} { ${elements} }`
    }
  }
}
