// Which node answers for an address of a load balancer: exactly one, chosen by all nodes alike without
// talking to each other (rendezvous hashing, as MetalLB does at layer 2). When a node comes or goes, only
// its own addresses move.
import { createHash } from 'node:crypto'

/** The node with the highest score for this address; undefined without candidates. */
export function elect(address: string, candidates: readonly string[]): string | undefined {
  let best: { readonly node: string; readonly score: string } | undefined
  for (const node of candidates) {
    const score = createHash('sha256').update(`${node}#${address}`).digest('hex')
    if (!best || score > best.score) best = { node, score }
  }
  return best?.node
}
