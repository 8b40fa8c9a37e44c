// A node's ranges stand in the cluster's order, and the older single field repeats the first one: whoever
// reads only that field has to get the primary family.
import type { Node } from '../../api/generated/types.ts'
import type { IPFamilies } from '../../ip/family.ts'
import { defineCheck } from '../check.ts'
import { familiesOfCIDRs, inOrder, listSome, podCIDRsOf, withNode } from '../nodefacts.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

/** `podCIDR` and `podCIDRs` of a node whose two fields do not agree. */
function disagreement(node: Node): string | undefined {
  const { podCIDR } = node.spec ?? {}
  const first = podCIDRsOf(node)[0]
  if (first === undefined || podCIDR === first) return undefined
  return withNode(node, [`podCIDR ${podCIDR ?? '-'}`, `podCIDRs[0] ${first}`])
}

export function judgeRangeOrder(nodes: readonly Node[], families: IPFamilies): Verdict {
  const withRanges = nodes.filter(node => podCIDRsOf(node).length > 0)
  if (withRanges.length === 0) {
    return notEvaluable({ en: 'No node has spec.podCIDRs', ja: 'spec.podCIDRsを持つノードがありません' })
  }
  const unequal = withRanges.flatMap(node => disagreement(node) ?? [])
  const swapped = withRanges.filter(node => !inOrder(familiesOfCIDRs(podCIDRsOf(node)), families))
  if (unequal.length === 0 && swapped.length === 0) {
    return pass(`${withRanges.length} nodes: ${families.join(', ')}; podCIDR = podCIDRs[0]`)
  }
  return fail({
    expected: {
      en: `podCIDRs in the order ${families.join(', ')}, and podCIDR equal to the first of them`,
      ja: `podCIDRsの順序が${families.join('、')}であり、podCIDRがその先頭と等しいこと`,
    },
    observed: listSome([...unequal, ...swapped.map(node => withNode(node, podCIDRsOf(node)))], '; '),
    cause: {
      en: '--cluster-cidr of kube-controller-manager lists the families in another order than --service-cluster-ip-range, or did so when these nodes joined',
      ja: 'kube-controller-managerの--cluster-cidrのファミリーの順序が--service-cluster-ip-rangeと異なるか、これらのノードの参加時に異なっていました',
    },
    remedy: {
      en: `Set --cluster-cidr of kube-controller-manager in the order ${families.join(', ')}; then drain and delete these nodes (kubectl drain NODE; kubectl delete node NODE) and restart their kubelets, so that they get new ranges.`,
      ja: `kube-controller-managerの--cluster-cidrを${families.join('、')}の順序で設定し、該当ノードをdrain、削除して(kubectl drain NODE、kubectl delete node NODE)kubeletを再起動し、範囲を割り当て直してください。`,
    },
  })
}

export const podRangesAreOrdered = defineCheck({
  id: 'NODE-02',
  title: {
    en: "Pod ranges stand in the cluster's family order",
    ja: 'Podの範囲がクラスターのファミリーの順序で並んでいる',
  },
  section: 'nodes',
  severity: 'medium',
  profile: 'quick',
  async run({ families, inventory }) {
    return judgeRangeOrder(await inventory.nodes(), families)
  },
})
