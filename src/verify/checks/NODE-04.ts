// The page's second step: every node says an InternalIP of each family. One per family is enough and several
// are fine (RFC 7934): upstream's own test, which wants exactly two, refuses many healthy nodes.
import type { Node } from '../../api/generated/types.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { type Distribution, detectDistribution } from '../distribution.ts'
import { internalIPsOf, listSome, ofFamily, withNode } from '../nodefacts.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

export function judgeAddresses(
  seen: { readonly nodes: readonly Node[]; readonly distribution: Distribution },
  family: IPFamily,
): Verdict {
  const { nodes, distribution } = seen
  if (nodes.length === 0) {
    return notEvaluable({ en: 'The cluster has no nodes', ja: 'クラスターにノードがありません' })
  }
  const lacking = nodes.filter(node => ofFamily(internalIPsOf(node), family).length === 0)
  if (lacking.length === 0) {
    return pass(
      listSome(
        nodes.map(node => withNode(node, ofFamily(internalIPsOf(node), family))),
        '; ',
      ),
    )
  }
  return fail({
    expected: {
      en: `an ${family} InternalIP in status.addresses of every node`,
      ja: `すべてのノードのstatus.addressesに${family}のInternalIPがあること`,
    },
    observed: listSome(
      lacking.map(node => withNode(node, internalIPsOf(node))),
      '; ',
    ),
    cause: {
      en: `The host has no usable ${family} address, the kubelet was told only one family with --node-ip, or the cloud provider does not report it`,
      ja: `ホストに使用可能な${family}アドレスがないか、kubeletの--node-ipで一方のファミリーだけが指定されているか、クラウドプロバイダーがアドレスを報告していません`,
    },
    remedy: distribution.nodeAddresses,
  })
}

export const nodesHaveAddresses = defineCheck({
  id: 'NODE-04',
  title: {
    en: 'Every node has an InternalIP per family',
    ja: 'すべてのノードにファミリーごとのInternalIPがある',
  },
  section: 'nodes',
  severity: 'blocker',
  profile: 'quick',
  async run({ families, inventory, version }) {
    const nodes = await inventory.nodes()
    const distribution = detectDistribution(version.gitVersion, nodes)
    return forEachFamily(families, family => judgeAddresses({ nodes, distribution }, family))
  },
})
