// From one state of the table to the next, as one transaction: rules are rewritten only where their text has
// changed, and sets and maps change by their elements.
import type { Chain, Element } from '../nftables/objects.ts'
import { Transaction } from '../nftables/transaction.ts'
import { type FilledCollection, type PolicyState, policyTable } from './table.ts'

const emptyState: PolicyState = { collections: new Map(), chains: new Map() }

const asElement = ([key, value]: readonly [string, string]): Element =>
  value === '' ? { key } : { key, value }

const sameRules = (a: Chain | undefined, b: Chain) => a?.rules.join('\n') === b.rules.join('\n')

function changedElements(previous: FilledCollection | undefined, next: FilledCollection) {
  const before = previous?.elements ?? new Map<string, string>()
  const remove = [...before].filter(([key, value]) => next.elements.get(key) !== value)
  const add = [...next.elements].filter(([key, value]) => before.get(key) !== value)
  return { remove: remove.map(([key]) => ({ key })), add: add.map(asElement) }
}

/** Removes the old, if there is any, and makes everything anew. */
export function planTable(next: PolicyState): Transaction {
  const transaction = removeTable()
  transaction.addTable()
  planInto(transaction, emptyState, next)
  return transaction
}

/** Empty when nothing has changed. `previous` is what the table holds. */
export function planUpdate(previous: PolicyState, next: PolicyState): Transaction {
  const transaction = new Transaction(policyTable)
  planInto(transaction, previous, next)
  return transaction
}

export function removeTable(): Transaction {
  const transaction = new Transaction(policyTable)
  transaction.addTable()
  transaction.deleteTable()
  return transaction
}

/** What is referred to comes first and goes last. */
function planInto(transaction: Transaction, previous: PolicyState, next: PolicyState): void {
  const newChains = [...next.chains.values()].filter(({ name }) => !previous.chains.has(name))
  const goneChains = [...previous.chains.values()].filter(({ name }) => !next.chains.has(name))
  const changedChains = [...next.chains.values()].filter(chain => {
    const known = previous.chains.get(chain.name)
    return known !== undefined && !sameRules(known, chain)
  })
  for (const [name, { collection }] of next.collections) {
    if (!previous.collections.has(name)) transaction.addCollection(collection)
  }
  for (const chain of newChains) transaction.addChain(chain)
  for (const [name, filled] of next.collections) {
    const { remove, add } = changedElements(previous.collections.get(name), filled)
    transaction.deleteElements(name, remove)
    transaction.addElements(name, add)
  }
  for (const { name } of [...changedChains, ...goneChains]) transaction.flushChain(name)
  for (const { name, rules } of [...newChains, ...changedChains]) {
    for (const rule of rules) transaction.addRule(name, rule)
  }
  for (const { name } of goneChains) transaction.deleteChain(name)
  for (const [name, { collection }] of previous.collections) {
    if (!next.collections.has(name)) transaction.deleteCollection(collection)
  }
}
