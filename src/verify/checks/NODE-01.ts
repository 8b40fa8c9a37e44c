// The page's first step: each node has one range for Pods per family. Not evaluable where the CNI plugin
// hands out addresses by itself (Cilium, Calico, clouds): nodes then have no ranges, or ranges nobody uses.
import type { Node, Pod } from '../../api/generated/types.ts'
import { familyOfCIDR, type IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { type Distribution, detectDistribution } from '../distribution.ts'
import { listSome, nameOf, podCIDRsOf } from '../nodefacts.ts'
import { ordinaryPods, podFamiliesOf } from '../podfacts.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

interface Seen {
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
  readonly distribution: Distribution
}

const rangesOf = (node: Node, family: IPFamily) =>
  podCIDRsOf(node).filter(cidr => familyOfCIDR(cidr) === family)

const noNodes = notEvaluable({ en: 'The cluster has no nodes', ja: 'クラスターにノードがありません' })

/** Addresses of the family, though no node has a range of it: the plugin has ranges of its own. */
function ownRanges({ pods }: Seen, family: IPFamily): Verdict | undefined {
  const pod = ordinaryPods(pods).find(candidate => podFamiliesOf(candidate).includes(family))
  if (!pod) return undefined
  const seen = `${pod.metadata.namespace}/${pod.metadata.name}`
  return notEvaluable({
    en: `No node has an ${family} range, yet Pods have ${family} addresses (${seen}): the CNI plugin hands out addresses by itself`,
    ja: `${family}の範囲を持つノードはありませんが、Podには${family}アドレスがあります(${seen})。CNIプラグインが独自にアドレスを割り当てています`,
  })
}

export function judgePodRanges(seen: Seen, family: IPFamily): Verdict {
  const { nodes, distribution } = seen
  if (nodes.length === 0) return noNodes
  const lacking = nodes.filter(node => rangesOf(node, family).length === 0)
  if (lacking.length === 0) {
    return pass(listSome(nodes.map(node => `${nameOf(node)}: ${rangesOf(node, family).join(', ')}`)))
  }
  const isOwn = lacking.length === nodes.length ? ownRanges(seen, family) : undefined
  if (isOwn) return isOwn
  return fail({
    expected: {
      en: `one ${family} range in spec.podCIDRs of every node`,
      ja: `すべてのノードのspec.podCIDRsに${family}の範囲が1つあること`,
    },
    observed: listSome(lacking.map(node => `${nameOf(node)}: ${podCIDRsOf(node).join(', ') || '-'}`)),
    cause:
      lacking.length === nodes.length
        ? {
            en: `kube-controller-manager has no ${family} range to give to nodes`,
            ja: `kube-controller-managerに、ノードへ割り当てる${family}の範囲が設定されていません`,
          }
        : {
            en: `These nodes joined before there was an ${family} range, or the range is used up; a node's ranges are never changed later`,
            ja: `これらのノードは${family}の範囲が設定される前に参加したか、範囲を使い切っています。ノードの範囲は後から変更されません`,
          },
    remedy:
      lacking.length === nodes.length
        ? distribution.podRanges
        : {
            en: 'For each of these nodes: kubectl drain NODE, kubectl delete node NODE, then restart its kubelet, so that it registers again and gets both ranges.',
            ja: '該当する各ノードで次を実行してください: kubectl drain NODE、kubectl delete node NODE。その後kubeletを再起動すると、ノードが再登録され、両方の範囲が割り当てられます。',
          },
  })
}

export const nodesHavePodRanges = defineCheck({
  id: 'NODE-01',
  title: {
    en: 'Every node has a Pod range per family',
    ja: 'すべてのノードにファミリーごとのPodの範囲がある',
  },
  section: 'nodes',
  severity: 'blocker',
  profile: 'quick',
  async run({ families, inventory, version }) {
    const [nodes, pods] = await Promise.all([inventory.nodes(), inventory.pods()])
    const distribution = detectDistribution(version.gitVersion, nodes)
    return forEachFamily(families, family => judgePodRanges({ nodes, pods, distribution }, family))
  },
})
