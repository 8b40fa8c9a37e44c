// A node's InternalIP is one that others can reach: not of one link, not of one host, not out of a book, and
// nobody else's. Whether an IPv6 address is a temporary one (RFC 8981) nobody can see from its value.
import type { Node } from '../../api/generated/types.ts'
import { canonicalAddress } from '../../ip/address.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { internalIPsOf, listSome, nameOf, ofFamily } from '../nodefacts.ts'
import { specialOf } from '../specialranges.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

function shared(nodes: readonly Node[], family: IPFamily): readonly string[] {
  const holders = new Map<string, string[]>()
  for (const node of nodes) {
    for (const address of new Set(ofFamily(internalIPsOf(node), family))) {
      const key = canonicalAddress(address) ?? address
      holders.set(key, [...(holders.get(key) ?? []), nameOf(node)])
    }
  }
  return [...holders]
    .filter(([, names]) => names.length > 1)
    .map(([key, names]) => `${names.join(' = ')} ${key}`)
}

export function judgeReachableAddresses(nodes: readonly Node[], family: IPFamily): Verdict {
  const found = nodes.flatMap(node =>
    ofFamily(internalIPsOf(node), family).map(address => ({ node, address })),
  )
  if (found.length === 0) {
    return notEvaluable({
      en: `No node has an ${family} InternalIP (see NODE-04)`,
      ja: `${family}のInternalIPを持つノードがありません(NODE-04を参照)`,
    })
  }
  const special = found.flatMap(({ node, address }) => {
    const what = specialOf(address)
    return what ? [`${nameOf(node)} ${address} (${what})`] : []
  })
  const twice = shared(nodes, family)
  if (special.length === 0 && twice.length === 0) return pass(`${found.length} addresses`)
  return fail({
    expected: {
      en: `a reachable ${family} address of its own on every node`,
      ja: `すべてのノードが、到達可能な固有の${family}アドレスを持つこと`,
    },
    observed: listSome([...special, ...twice]),
    cause:
      special.length > 0
        ? {
            en: 'The kubelet chose an address that works on one link or one host only, or the network was numbered from a reserved range',
            ja: 'kubeletが1つのリンクまたはホストでしか使えないアドレスを選んだか、予約済みの範囲がネットワークに使われています',
          }
        : {
            en: 'Two nodes say the same address: hosts were cloned, or --node-ip was copied',
            ja: '2つのノードが同じアドレスを報告しています。ホストが複製されたか、--node-ipがコピーされています',
          },
    remedy: {
      en: `Pin an own address that others reach, for IPv6 a global or a unique local one (fd00::/8): kubelet --node-ip=<IPv4 address>,<IPv6 address>, and turn temporary addresses off (sysctl -w net.ipv6.conf.all.use_tempaddr=0).`,
      ja: '他のノードから到達できる固有のアドレス(IPv6ではグローバルまたはユニークローカルfd00::/8)をkubeletの--node-ip=<IPv4アドレス>,<IPv6アドレス>で固定し、一時アドレスを無効にしてください(sysctl -w net.ipv6.conf.all.use_tempaddr=0)。',
    },
  })
}

export const nodeAddressesAreReachable = defineCheck({
  id: 'NODE-06',
  title: {
    en: 'Node addresses are global or unique local, and unique',
    ja: 'ノードのアドレスがグローバルまたはユニークローカルで、重複しない',
  },
  section: 'nodes',
  severity: 'high',
  profile: 'quick',
  async run({ families, inventory }) {
    const nodes = await inventory.nodes()
    return forEachFamily(families, family => judgeReachableAddresses(nodes, family))
  },
})
