// An address of a load balancer is not an address of the node: what the Service proxy does not take is
// refused, so that no port of the node's own is reached through it.
import { familyOf, type IPFamily } from '../../ip/family.ts'
import type { Table } from '../nftables/objects.ts'
import { familySyntax } from '../nftables/syntax.ts'
import { Transaction } from '../nftables/transaction.ts'

export const loadBalancerTable: Table = { family: 'inet', name: 'futago-loadbalancer' }

/** The whole table; it replaces what there was. */
export function planFilter(addresses: readonly string[]): Transaction {
  const transaction = new Transaction(loadBalancerTable)
  transaction.addTable()
  transaction.deleteTable()
  transaction.addTable()
  const families = Object.entries(familySyntax) as [IPFamily, (typeof familySyntax)[IPFamily]][]
  for (const [family, { addressType }] of families) {
    transaction.addCollection({ kind: 'set', name: `held-${family}`, key: `type ${addressType}` })
    const keys = addresses.filter(address => familyOf(address) === family).map(key => ({ key }))
    transaction.addElements(`held-${family}`, keys)
  }
  transaction.addChains([
    {
      name: 'refuse',
      rules: ['meta l4proto tcp reject with tcp reset', 'meta l4proto { udp, sctp } reject'],
    },
    {
      name: 'input',
      hook: { type: 'filter', hook: 'input', priority: 0 },
      rules: families.map(([family, { header }]) => `${header} daddr @held-${family} goto refuse`),
    },
  ])
  return transaction
}

export function removeFilter(): Transaction {
  const transaction = new Transaction(loadBalancerTable)
  transaction.addTable()
  transaction.deleteTable()
  return transaction
}
