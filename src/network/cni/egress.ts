// What Pods send to the outside carries the node's address, in both families: addresses of Pods mean nothing
// there (what kube-proxy and ip-masq-agent do for iptables). One nftables table, replaced as a whole.
import { type CIDR, formatCIDR, parseCIDR } from '../../ip/cidr.ts'
import { withoutCovered } from '../../ip/cidrset.ts'
import type { IPFamily } from '../../ip/family.ts'
import type { Table } from '../nftables/objects.ts'
import { familySyntax } from '../nftables/syntax.ts'
import { Transaction } from '../nftables/transaction.ts'

export const egressTable: Table = { family: 'inet', name: 'futago-egress' }

export interface EgressOptions {
  /** Ranges of this node's Pods. */
  readonly podCIDRs: readonly string[]
  /** Ranges within which addresses of Pods are known: of all Pods, Services and nodes. */
  readonly insideRanges: readonly string[]
}

const ofFamily = (ranges: readonly string[], family: IPFamily): CIDR[] =>
  ranges.flatMap(range => parseCIDR(range) ?? []).filter(cidr => cidr.family === family)

export function planEgress({ podCIDRs, insideRanges }: EgressOptions): Transaction {
  const transaction = new Transaction(egressTable)
  transaction.addTable()
  transaction.deleteTable()
  transaction.addTable()
  const rules: string[] = []
  for (const [family, { header, addressType }] of Object.entries(familySyntax)) {
    const own = withoutCovered(ofFamily(podCIDRs, family as IPFamily))
    if (own.length === 0) continue
    const inside = withoutCovered([...ofFamily(insideRanges, family as IPFamily), ...own])
    for (const [name, ranges] of Object.entries({ pods: own, inside })) {
      transaction.addCollection({
        kind: 'set',
        name: `${name}-${family}`,
        key: `type ${addressType}`,
        flags: ['interval'],
      })
      transaction.addElements(
        `${name}-${family}`,
        ranges.map(range => ({ key: formatCIDR(range) })),
      )
    }
    rules.push(`${header} saddr @pods-${family} ${header} daddr != @inside-${family} masquerade fully-random`)
  }
  transaction.addChains([
    { name: 'postrouting', hook: { type: 'nat', hook: 'postrouting', priority: 101 }, rules },
  ])
  return transaction
}

/** Removes the table, if it is there. */
export function removeEgress(): Transaction {
  const transaction = new Transaction(egressTable)
  transaction.addTable()
  transaction.deleteTable()
  return transaction
}
