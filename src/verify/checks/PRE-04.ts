// The ranges of Services are theirs alone: no node, no Pod and no other range has addresses of them. Such an
// overlap works until the day an address is taken twice.
import type { Node, Pod } from '../../api/generated/types.ts'
import { cidrsOverlap, formatCIDR } from '../../ip/cidr.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { internalIPsOf, listSome, nameOf, podCIDRsOf } from '../nodefacts.ts'
import { namespacedName, ordinaryPods, podIPsOf } from '../podfacts.ts'
import { contains, type OwnedRange, overlaps, ownedRanges, showRange } from '../ranges.ts'
import { findServiceRanges, type ServiceRanges } from '../serviceranges.ts'
import { specialPartOf } from '../specialranges.ts'
import type { Text } from '../text.ts'
import { notConfigured } from '../trialservices.ts'
import { fail, notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

interface Seen {
  readonly ranges: ServiceRanges | undefined
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
}

const expected: Text = {
  en: 'Service ranges that share no address with Pods, nodes or each other, and are not reserved',
  ja: 'Serviceの範囲が、Pod、ノード、他の範囲とアドレスを共有せず、予約済みでないこと',
}

const remedy: Text = {
  en: 'Choose disjoint ranges, for IPv6 a /112 such as fd00:10:96::/112. From 1.33 on: kubectl create a ServiceCIDR with the new range, recreate the Services in question, then delete the old ServiceCIDR; before, change --service-cluster-ip-range of kube-apiserver and kube-controller-manager and recreate all Services of that family.',
  ja: '重複しない範囲を選択してください(IPv6ではfd00:10:96::/112のような/112)。1.33以降では、新しい範囲のServiceCIDRを作成し、該当するServiceを作り直してから古いServiceCIDRを削除します。それより前では、kube-apiserverとkube-controller-managerの--service-cluster-ip-rangeを変更し、そのファミリーのServiceをすべて作り直してください。',
}

/** Who else has addresses of the range. */
function intruders(range: OwnedRange, { nodes, pods }: Seen): readonly string[] {
  const { cidr } = range
  const podRanges = nodes
    .flatMap(node => ownedRanges(nameOf(node), podCIDRsOf(node)))
    .filter(other => cidrsOverlap(other.cidr, cidr))
    .map(other => `podCIDR ${showRange(other)}`)
  const addresses = nodes.flatMap(node =>
    internalIPsOf(node)
      .filter(address => contains(cidr, address))
      .map(address => `InternalIP ${nameOf(node)} ${address}`),
  )
  const podIPs = ordinaryPods(pods).flatMap(pod =>
    podIPsOf(pod)
      .filter(address => contains(cidr, address))
      .map(address => `Pod ${namespacedName(pod)} ${address}`),
  )
  return [...podRanges, ...addresses, ...podIPs].map(other => `${showRange(range)} = ${other}`)
}

/** Of a wider range only a part is used where there are no ServiceCIDRs. */
const shortestPrefix: Readonly<Record<IPFamily, number>> = { IPv4: 0, IPv6: 112 }

export function judgeServiceRanges(seen: Seen, family: IPFamily): Verdict {
  if (!seen.ranges) {
    return notEvaluable({
      en: 'Nothing says the ranges: there are no ServiceCIDRs (before 1.33), and the refusal of a Service with a foreign address does not name them (before 1.22 only with --profile standard)',
      ja: '範囲を知る方法がありません。ServiceCIDRがなく(1.33より前)、範囲外のアドレスを指定したServiceの拒否メッセージにも範囲が含まれていません(1.22より前では--profile standardが必要です)',
    })
  }
  const own = seen.ranges.ranges.filter(({ cidr }) => cidr.family === family)
  if (own.length === 0) return notConfigured(family)
  const twice = overlaps(own).map(pair => pair.map(showRange).join(' = '))
  const special = own.flatMap(range => {
    const what = specialPartOf(range.cidr)
    return what ? [`${showRange(range)} (${what})`] : []
  })
  const found = [...twice, ...special, ...own.flatMap(range => intruders(range, seen))]
  if (found.length > 0) {
    const cause = {
      en: 'Ranges were chosen without regard to each other: packets for one of them are taken for the other',
      ja: '範囲が互いに重複しているか予約済みであり、一方宛てのパケットが他方宛てとして扱われます',
    }
    return fail({ expected, observed: listSome(found, '; '), cause, remedy })
  }
  const wide = own.find(({ cidr }) => cidr.prefixLength < shortestPrefix[family])
  if (!wide || seen.ranges.hasServiceCIDRs) return pass(own.map(({ cidr }) => formatCIDR(cidr)).join(', '))
  return warn({
    expected: {
      en: 'a range of which all addresses are used',
      ja: 'すべてのアドレスが使用される範囲であること',
    },
    observed: showRange(wide),
    cause: {
      en: 'Without ServiceCIDRs (before 1.33) only the first 65,536 addresses of an IPv6 range are used',
      ja: 'ServiceCIDRがない場合(1.33より前)、IPv6の範囲のうち最初の65,536個のアドレスのみが使用されます',
    },
    remedy: {
      en: 'Nothing breaks; for a new cluster choose a /112.',
      ja: '動作に問題はありません。新しいクラスターでは/112を選択してください。',
    },
  })
}

export const serviceRangesAreDisjoint = defineCheck({
  id: 'PRE-04',
  title: {
    en: 'Service ranges overlap nothing',
    ja: 'Serviceの範囲が他と重複しない',
  },
  section: 'preflight',
  severity: 'high',
  profile: 'quick',
  async run(context) {
    const { inventory, families } = context
    const [nodes, pods, ranges] = await Promise.all([
      inventory.nodes(),
      inventory.pods(),
      findServiceRanges(context),
    ])
    return forEachFamily(families, family => judgeServiceRanges({ nodes, pods, ranges }, family))
  },
})
