// The first InternalIP decides the family of hostNetwork Pods, of status.podIPs' order and of what others
// connect to: it is of the cluster's primary family on every node. Where nodes have external addresses,
// they have them in each family (an IPv6 InternalIP out of the Internet's own range is one already).
import type { Node } from '../../api/generated/types.ts'
import { parseAddress } from '../../ip/address.ts'
import type { IPFamilies, IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import {
  addressesOf,
  familiesOf,
  inOrder,
  internalIPsOf,
  listSome,
  ofFamily,
  withNode,
} from '../nodefacts.ts'
import { isGlobalUnicast } from '../specialranges.ts'
import { fail, notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

/** The kubelet's short way to say which family it should prefer. */
const short: Readonly<Record<IPFamily, string>> = { IPv4: '', IPv6: ' (or --node-ip=:: to prefer IPv6)' }

function judgeOrder(nodes: readonly Node[], families: IPFamilies): Verdict | undefined {
  const swapped = nodes.filter(node => !inOrder(familiesOf(internalIPsOf(node)), families))
  if (swapped.length === 0) return undefined
  return fail({
    expected: {
      en: `InternalIPs in the order ${families.join(', ')} on every node`,
      ja: `すべてのノードでInternalIPの順序が${families.join('、')}であること`,
    },
    observed: listSome(
      swapped.map(node => withNode(node, internalIPsOf(node))),
      '; ',
    ),
    cause: {
      en: `The kubelet lists another family first than the cluster's primary family ${families[0]}`,
      ja: `kubeletが、クラスターのプライマリファミリー${families[0]}とは異なるファミリーを先頭にしています`,
    },
    remedy: {
      en: `Reorder the kubelet's --node-ip=<${families.join(' address>,<')} address>${short[families[0]!]} and restart it; Pods of these nodes get the right order when they are restarted.`,
      ja: `kubeletの--node-ip=<${families.join('アドレス>,<')}アドレス>の順序を直して再起動してください。これらのノードのPodは、再起動すると正しい順序になります。`,
    },
  })
}

const isExternal = (address: string) => {
  const parsed = parseAddress(address)
  return parsed !== undefined && isGlobalUnicast(parsed)
}

function lacksExternal(node: Node, family: IPFamily): boolean {
  const external = addressesOf(node, 'ExternalIP')
  if (external.length === 0 || ofFamily(external, family).length > 0) return false
  return !ofFamily(internalIPsOf(node), family).some(isExternal)
}

function judgeExternal(nodes: readonly Node[], family: IPFamily): Verdict {
  const lacking = nodes.filter(node => lacksExternal(node, family))
  if (lacking.length === 0) return pass(`${nodes.length} nodes`)
  return warn({
    expected: {
      en: `an ${family} address among the external addresses, as the other family has one`,
      ja: `もう一方のファミリーと同様に、外部アドレスに${family}があること`,
    },
    observed: listSome(
      lacking.map(node => withNode(node, addressesOf(node, 'ExternalIP'))),
      '; ',
    ),
    cause: {
      en: `The instances have no public ${family} address, or the cloud provider does not report it`,
      ja: `インスタンスにパブリックな${family}アドレスがないか、クラウドプロバイダーが報告していません`,
    },
    remedy: {
      en: `Where nodes are to be reached from outside over ${family}, give the instances an address of it; else nothing is to be done.`,
      ja: `外部から${family}でノードに到達する必要がある場合は、インスタンスにアドレスを付与してください。必要がなければ対応は不要です。`,
    },
  })
}

export function judgeAddressOrder(nodes: readonly Node[], families: IPFamilies) {
  const addressed = nodes.filter(node => internalIPsOf(node).length > 0)
  if (addressed.length === 0) {
    return notEvaluable({ en: 'No node has an InternalIP', ja: 'InternalIPを持つノードがありません' })
  }
  const swapped = judgeOrder(addressed, families)
  return swapped ?? forEachFamily(families, family => judgeExternal(addressed, family))
}

export const nodeAddressesAreOrdered = defineCheck({
  id: 'NODE-05',
  title: {
    en: "Node addresses stand in the cluster's family order",
    ja: 'ノードのアドレスがクラスターのファミリーの順序で並んでいる',
  },
  section: 'nodes',
  severity: 'medium',
  profile: 'quick',
  async run({ families, inventory }) {
    return judgeAddressOrder(await inventory.nodes(), families)
  },
})
