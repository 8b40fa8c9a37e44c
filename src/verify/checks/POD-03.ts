// A Pod's addresses are of its node's ranges: routes and masquerading rules are made from those. CNI plugins
// with ranges of their own put all Pods elsewhere, which is no fault.
import type { Node } from '../../api/generated/types.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { listSome, nameOf, ofFamily, podCIDRsOf } from '../nodefacts.ts'
import { podIPsOf } from '../podfacts.ts'
import type { ProbeServer } from '../prober.ts'
import { contains, ownedRanges } from '../ranges.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

interface Placed {
  readonly node: string
  readonly address: string
  readonly ranges: string
  readonly isInside: boolean
}

function place(server: ProbeServer, node: Node | undefined, family: IPFamily): readonly Placed[] {
  if (!node) return []
  const ranges = ownedRanges(nameOf(node), podCIDRsOf(node)).filter(({ cidr }) => cidr.family === family)
  if (ranges.length === 0) return []
  return ofFamily(podIPsOf(server.pod), family).map(address => ({
    node: server.node,
    address,
    ranges: podCIDRsOf(node).join(', '),
    isInside: ranges.some(({ cidr }) => contains(cidr, address)),
  }))
}

const show = ({ node, address, ranges }: Placed) => `${node}: ${address} (${ranges})`

export function judgePlaces(
  seen: { readonly servers: readonly ProbeServer[]; readonly nodes: readonly Node[] },
  family: IPFamily,
): Verdict {
  const nodes = new Map(seen.nodes.map(node => [nameOf(node), node]))
  const placed = seen.servers.flatMap(server => place(server, nodes.get(server.node), family))
  const outside = placed.filter(({ isInside }) => !isInside)
  if (placed.length === 0) {
    return notEvaluable({
      en: `No sampled node has both an ${family} range and a Pod with an ${family} address`,
      ja: `${family}の範囲と${family}アドレスを持つPodの両方があるノードがありません`,
    })
  }
  if (outside.length === 0) return pass(listSome(placed.map(show), '; '))
  if (outside.length === placed.length) {
    return notEvaluable({
      en: `All Pods are outside of their nodes' ranges (${show(outside[0]!)}): the CNI plugin hands out addresses by itself`,
      ja: `すべてのPodがノードの範囲外です(${show(outside[0]!)})。CNIプラグインが独自にアドレスを割り当てています`,
    })
  }
  return fail({
    expected: {
      en: `${family} addresses of Pods within spec.podCIDRs of their node, as on the other nodes`,
      ja: `他のノードと同様に、Podの${family}アドレスがノードのspec.podCIDRsに含まれること`,
    },
    observed: listSome(outside.map(show), '; '),
    cause: {
      en: "The CNI configuration of these nodes has another range than the Node object: it was written by hand, or is left from before the node's range changed",
      ja: 'これらのノードのCNI設定の範囲がNodeオブジェクトと異なります。手動で書かれたか、ノードの範囲が変わる前の設定が残っています',
    },
    remedy: {
      en: "Write the node's podCIDRs into /etc/cni/net.d (restart the CNI plugin's Pod on the node), remove /var/lib/cni/networks of the old range, and recreate the node's Pods.",
      ja: 'ノードのpodCIDRsを/etc/cni/net.dに反映し(ノード上のCNIプラグインのPodを再起動)、/var/lib/cni/networksの古い範囲を削除して、ノードのPodを作り直してください。',
    },
  })
}

export const podAddressesAreOfTheirNode = defineCheck({
  id: 'POD-03',
  title: {
    en: "A Pod's addresses are of its node's ranges",
    ja: 'Podのアドレスがノードの範囲に含まれる',
  },
  section: 'pods',
  severity: 'medium',
  profile: 'standard',
  needs: ['probe'],
  async run({ prober, inventory, families }) {
    const [servers, nodes] = await Promise.all([prober.servers(), inventory.nodes()])
    return forEachFamily(families, family => judgePlaces({ servers, nodes }, family))
  },
})
