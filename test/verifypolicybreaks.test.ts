// What `futago verify` says of a policy engine that lets a family pass: the checks of policies say so, for this
// family alone.
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { IPFamily } from '../src/ip/family.ts'
import { whyNot } from './needs.ts'
import { BreakableCluster, breakNeeds, everyNode, type PacketBreak } from './packetbreaks.ts'

const reason = whyNot(breakNeeds)

const ofPolicies = /^(PRE|POD-(01|09)|NP)/

/** Makes the policy engine let a family pass, with as many rules as before: it does not mend what it counts. */
function deafPolicies(family: IPFamily) {
  const header = { IPv4: 'ip', IPv6: 'ip6' }[family]
  const protocol = { IPv4: 'ipv4', IPv6: 'ipv6' }[family]
  const replace = (chain: string, from: string, to: string) =>
    `nft replace rule inet futago-policy ${chain} handle ` +
    `$(nft -a list chain inet futago-policy ${chain} | sed -n 's/.*${from}.*# handle //p') ${to}`
  const ends = { egress: 'saddr', ingress: 'daddr' }
  const each = (command: (chain: string, end: string) => string) =>
    Object.entries(ends)
      .map(([chain, end]) => command(chain, end))
      .join(' && ')
  const pass = `meta nfproto ${protocol} accept`
  return {
    apply: each((chain, end) => replace(chain, `${header} ${end} vmap`, pass)),
    undo: each((chain, end) => replace(chain, pass, `${header} ${end} vmap @${chain}-pods-${family}`)),
  }
}

const breaks: readonly PacketBreak[] = (['IPv6', 'IPv4'] as const).map(family => ({
  name: `a policy engine that lets everything of ${family} pass`,
  nodes: everyNode,
  ...deafPolicies(family),
  family,
  fails: ['NP-01', 'NP-02'],
  reads: `Enable ${family} in the network plugin's policy engine`,
}))

describe.skipIf(reason)('Two real nodes, with', { timeout: 240_000 }, () => {
  let breakable: BreakableCluster

  beforeAll(async () => {
    breakable = await BreakableCluster.up()
  })
  afterAll(() => breakable?.cluster.remove())

  test.each(breaks)('$name', broken => breakable.breakOnce(broken, ofPolicies))
})
