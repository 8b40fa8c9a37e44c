// Room for more nodes and for a node's Pods: 2^(node mask - cluster mask) ranges per family. The IPv6 masks
// are where it goes wrong: a /64 out of a /60 is 16 nodes. CIDRNotAvailable events say that it already did.
import type { CoreV1Event, Node, Pod } from '../../api/generated/types.ts'
import { events } from '../../api/resources/core/event.ts'
import { cidrSize, formatCIDR, splitCount } from '../../ip/cidr.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { type ClusterRange, findClusterRange, nodeRanges } from '../clusterranges.ts'
import { listSome, nameOf, podCIDRsOf } from '../nodefacts.ts'
import { ownedRanges } from '../ranges.ts'
import type { Text } from '../text.ts'
import { fail, notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

interface Seen {
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
  /** Of reason CIDRNotAvailable. */
  readonly events: readonly CoreV1Event[]
}

const widen: Text = {
  en: 'Before nodes are added: set a wider --cluster-cidr of that family, or a longer --node-cidr-mask-size-ipv4 / --node-cidr-mask-size-ipv6, on kube-controller-manager (the IPv6 cluster mask may be at most 16 bits shorter than the node mask).',
  ja: 'ノードを追加する前に、kube-controller-managerでそのファミリーの--cluster-cidrを広げるか、--node-cidr-mask-size-ipv4 / --node-cidr-mask-size-ipv6を長くしてください(IPv6のクラスターのマスクは、ノードのマスクより最大16ビットまで短くできます)。',
}

const expected: Text = {
  en: 'room for more nodes, and for the Pods of each',
  ja: 'ノードの追加と、各ノードのPodに十分な余裕があること',
}

/** Nodes that may run more Pods than their range has addresses. */
function crowded({ nodes }: Seen, family: IPFamily): readonly string[] {
  return nodes.flatMap(node => {
    const limit = Number(node.status?.allocatable?.pods ?? 0)
    return ownedRanges(nameOf(node), podCIDRsOf(node))
      .filter(({ cidr }) => cidr.family === family && cidrSize(cidr) < BigInt(limit) + 2n)
      .map(({ owner, cidr }) => `${owner} ${formatCIDR(cidr)}: ${limit} Pods`)
  })
}

function judgeKnown(range: ClusterRange, used: readonly { prefixLength: number }[]): Verdict {
  const mask = Math.max(...used.map(({ prefixLength }) => prefixLength), range.cidr.prefixLength)
  const total = splitCount(range.cidr, mask)
  const left = total - BigInt(used.length)
  const observed = `${formatCIDR(range.cidr)} (${range.source}): ${used.length} of ${total} /${mask} used`
  if (left > 0n && left * 10n > total) return pass(observed)
  const cause = {
    en: `${left > 0n ? `Only ${left}` : 'No'} more nodes get a range`,
    ja:
      left > 0n ? `範囲を割り当てられるノードは残り${left}です` : '新しいノードに割り当てる範囲がありません',
  }
  return (left > 0n ? warn : fail)({ expected, observed, cause, remedy: widen })
}

export function judgeRoom(seen: Seen, family: IPFamily): Verdict {
  const used = nodeRanges(seen.nodes, family)
  const range = findClusterRange(seen, family)
  if (used.length === 0 || !range) {
    return notEvaluable({
      en: `No node has an ${family} range`,
      ja: `${family}の範囲を持つノードがありません`,
    })
  }
  const waiting = seen.nodes.filter(node => podCIDRsOf(node).length === 0).map(nameOf)
  const refused = seen.events.map(({ involvedObject }) => involvedObject.name ?? '')
  const without = waiting.filter(name => refused.includes(name))
  if (without.length > 0) {
    const cause = {
      en: 'The range is used up: kube-controller-manager says CIDRNotAvailable',
      ja: '範囲を使い切っています。kube-controller-managerがCIDRNotAvailableを報告しています',
    }
    return fail({ expected, observed: listSome(without), cause, remedy: widen })
  }
  const tight = crowded(seen, family)
  if (tight.length > 0) {
    const cause = {
      en: "A node's range has fewer addresses than the kubelet accepts Pods",
      ja: 'ノードの範囲のアドレス数が、kubeletが受け入れるPodの数より少なくなっています',
    }
    return warn({ expected, observed: listSome(tight), cause, remedy: widen })
  }
  if (range.isKnown) return judgeKnown(range, used)
  return pass(`${used.length} x /${used[0]!.prefixLength} in ${formatCIDR(range.cidr)} (${range.source})`)
}

export const podRangesHaveRoom = defineCheck({
  id: 'NODE-08',
  title: { en: 'There is room for more nodes and Pods', ja: 'ノードとPodを追加する余裕がある' },
  section: 'nodes',
  severity: 'medium',
  profile: 'quick',
  permissions: [{ group: '', resource: 'events', verbs: ['list'], scope: 'cluster' }],
  async run({ client, families, inventory }) {
    const [nodes, pods, refusals] = await Promise.all([
      inventory.nodes(),
      inventory.pods(),
      client.list(events, { fieldSelector: 'reason=CIDRNotAvailable', limit: 500 }),
    ])
    const seen = { nodes, pods, events: refusals.items }
    return forEachFamily(families, family => judgeRoom(seen, family))
  },
})
