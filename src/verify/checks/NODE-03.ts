// The nodes' Pod ranges are written as ranges are, belong to one node each, come from one range of the
// cluster, and are not set apart for something else (2001:db8::/32 is for examples and routed nowhere).
// Nothing in the API says what the cluster's range is: that all have one is judged by what lies between.
import type { Node } from '../../api/generated/types.ts'
import { type CIDR, cidrsOverlap, formatCIDR, parseCIDR } from '../../ip/cidr.ts'
import { familyOfCIDR, type IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { internalIPsOf, listSome, nameOf, podCIDRsOf } from '../nodefacts.ts'
import { commonRange, contains, type OwnedRange, overlaps, ownedRanges, showRange } from '../ranges.ts'
import { specialPartOf } from '../specialranges.ts'
import type { Text } from '../text.ts'
import { type Finding, fail, notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

const expected: Text = {
  en: 'canonical ranges, each of one node, all from one range of the cluster and not reserved',
  ja: '正規の表記で、1つのノードだけに属し、クラスターの1つの範囲に含まれ、予約済みでない範囲であること',
}

const renumber: Text = {
  en: 'Choose a free range for --cluster-cidr of kube-controller-manager (for IPv6 a ULA such as fd00:10:244::/56, or a part of your own prefix), then drain, delete and register the nodes again.',
  ja: 'kube-controller-managerの--cluster-cidrに空いている範囲を設定し(IPv6ではfd00:10:244::/56のようなULA、または割り当てられたプレフィックスの一部)、ノードをdrain、削除して再登録してください。',
}

function badlyWritten(node: Node, family: IPFamily): readonly string[] {
  return podCIDRsOf(node)
    .filter(text => (familyOfCIDR(text) ?? family) === family)
    .filter(text => {
      const cidr = parseCIDR(text)
      return !cidr || formatCIDR(cidr) !== text
    })
    .map(text => `${nameOf(node)} ${text}`)
}

function findProblem(ranges: readonly OwnedRange[], written: readonly string[]): Finding | undefined {
  if (written.length > 0) {
    const cause = {
      en: 'The range has bits set behind its prefix or is not written as RFC 5952 asks; something other than kube-controller-manager wrote it',
      ja: 'プレフィックスより後ろのビットが設定されているか、RFC 5952の表記ではありません。kube-controller-manager以外が書き込んだ可能性があります',
    }
    return { expected, observed: listSome(written), cause, remedy: renumber }
  }
  const pairs = overlaps(ranges)
  if (pairs.length > 0) {
    const cause = {
      en: 'Two nodes have the same addresses for Pods: ranges were assigned by hand or by two controllers',
      ja: '2つのノードが同じPodアドレスの範囲を持っています。手動で、または2つのコントローラーによって割り当てられました',
    }
    const remedy = {
      en: 'Keep one source of node ranges (kube-controller-manager --allocate-node-cidrs=true, or the CNI plugin); drain, delete and register one node of each pair again.',
      ja: 'ノードの範囲の割り当て元を1つにし(kube-controller-managerの--allocate-node-cidrs=true、またはCNIプラグイン)、各組の一方のノードをdrain、削除して再登録してください。',
    }
    return {
      expected,
      observed: listSome(
        pairs.map(pair => pair.map(showRange).join(' = ')),
        '; ',
      ),
      cause,
      remedy,
    }
  }
  const special = ranges.flatMap(range => {
    const what = specialPartOf(range.cidr)
    return what ? [`${showRange(range)} (${what})`] : []
  })
  if (special.length === 0) return undefined
  const cause = {
    en: 'The range is reserved; packets of it are dropped or not routed',
    ja: '予約済みの範囲であり、パケットは破棄されるか、ルーティングされません',
  }
  return { expected, observed: listSome(special), cause, remedy: renumber }
}

/** Of one range of its own nothing else can lie between two nodes' ranges. */
function findForeign(
  common: CIDR,
  nodes: readonly Node[],
  services: readonly OwnedRange[],
): string | undefined {
  const service = services.find(({ cidr }) => cidrsOverlap(cidr, common))
  if (service) return showRange(service)
  const node = nodes.find(each => internalIPsOf(each).some(address => contains(common, address)))
  return node && `${nameOf(node)} ${internalIPsOf(node).find(address => contains(common, address))}`
}

export function judgeRanges(
  seen: { readonly nodes: readonly Node[]; readonly services: readonly OwnedRange[] },
  family: IPFamily,
): Verdict {
  const { nodes } = seen
  const written = nodes.flatMap(node => badlyWritten(node, family))
  const ranges = nodes
    .flatMap(node => ownedRanges(nameOf(node), podCIDRsOf(node)))
    .filter(({ cidr }) => cidr.family === family)
  if (ranges.length === 0 && written.length === 0) {
    return notEvaluable({
      en: `No node has an ${family} range`,
      ja: `${family}の範囲を持つノードがありません`,
    })
  }
  const problem = findProblem(ranges, written)
  if (problem) return fail(problem)
  const common = commonRange(ranges.map(({ cidr }) => cidr))!
  const foreign = findForeign(
    common,
    nodes,
    seen.services.filter(({ cidr }) => cidr.family === family),
  )
  if (foreign === undefined) return pass(`${ranges.length} ranges, all within ${formatCIDR(common)}`)
  return warn({
    expected,
    observed: `${listSome(ranges.map(showRange))}: between them lies ${foreign}`,
    cause: {
      en: 'The ranges are not of one range of the cluster, or that range overlaps the Service range or the nodes',
      ja: '各ノードの範囲がクラスターの1つの範囲に含まれていないか、その範囲がServiceの範囲やノードのアドレスと重複しています',
    },
    remedy: renumber,
  })
}

export const podRangesAreDistinct = defineCheck({
  id: 'NODE-03',
  title: {
    en: 'Pod ranges are distinct, of one cluster range and not reserved',
    ja: 'Podの範囲が重複せず、1つの範囲に含まれ、予約済みでない',
  },
  section: 'nodes',
  severity: 'high',
  profile: 'quick',
  async run({ families, inventory }) {
    const [nodes, serviceCIDRs] = await Promise.all([
      inventory.nodes(),
      inventory.serviceCIDRs().catch(() => undefined),
    ])
    const services = (serviceCIDRs ?? []).flatMap(({ metadata, spec }) =>
      ownedRanges(`ServiceCIDR ${metadata.name}`, spec?.cidrs ?? []),
    )
    return forEachFamily(families, family => judgeRanges({ nodes, services }, family))
  },
})
