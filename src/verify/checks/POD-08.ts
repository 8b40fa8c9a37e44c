// A Pod in the host's network has the node's addresses, of each family. One that started before the kubelet
// knew the second address keeps the one it got (kubernetes/kubernetes#105320). What runs already is read.
import type { Node, Pod } from '../../api/generated/types.ts'
import { canonicalAddress } from '../../ip/address.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { internalIPsOf, listSome, nameOf, ofFamily } from '../nodefacts.ts'
import { isHostNetwork, isRunning, namespacedName, podIPsOf } from '../podfacts.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

const canonical = (addresses: readonly string[]) =>
  addresses.map(address => canonicalAddress(address) ?? address)

/** What the node has of the family and the Pod has not; a node without the family is NODE-04's. */
function difference(pod: Pod, node: Node, family: IPFamily): string | undefined {
  const own = canonical(ofFamily(podIPsOf(pod), family))
  const nodes = canonical(ofFamily(internalIPsOf(node), family))
  const isAlike = own.length > 0 && own.every(address => nodes.includes(address))
  if (nodes.length === 0 || isAlike) return undefined
  const [has, wanted] = [own, nodes].map(addresses => addresses.join(', ') || '-')
  return `${namespacedName(pod)} on ${nameOf(node)}: ${has}, node ${wanted}`
}

export function judgeHostPods(
  seen: { readonly pods: readonly Pod[]; readonly nodes: readonly Node[] },
  family: IPFamily,
): Verdict {
  const nodes = new Map(seen.nodes.map(node => [nameOf(node), node]))
  const pods = seen.pods.filter(
    pod =>
      isHostNetwork(pod) && isRunning(pod) && podIPsOf(pod).length > 0 && nodes.has(pod.spec?.nodeName ?? ''),
  )
  if (pods.length === 0) {
    return notEvaluable({
      en: 'No Pod runs in the host network',
      ja: 'ホストネットワークで実行中のPodがありません',
    })
  }
  const wrong = pods.flatMap(pod => difference(pod, nodes.get(pod.spec?.nodeName ?? '')!, family) ?? [])
  if (wrong.length === 0) return pass(`${pods.length} Pods`)
  return fail({
    expected: {
      en: `the ${family} InternalIP of the node among the podIPs of hostNetwork Pods`,
      ja: `hostNetworkのPodのpodIPsに、ノードの${family}のInternalIPが含まれること`,
    },
    observed: listSome(wrong, '; '),
    cause: {
      en: 'These Pods started before the node had its addresses of today',
      ja: 'これらのPodは、ノードに現在のアドレスが設定される前に起動しました',
    },
    remedy: {
      en: 'Restart them: kubectl rollout restart -n NAMESPACE daemonset/NAME; for static Pods move the manifest out of /etc/kubernetes/manifests and back.',
      ja: '再起動してください: kubectl rollout restart -n NAMESPACE daemonset/NAME。static Podの場合は、マニフェストを/etc/kubernetes/manifestsから一度移動して戻してください。',
    },
  })
}

export const hostPodsHaveNodeAddresses = defineCheck({
  id: 'POD-08',
  title: {
    en: "Pods in the host network have the node's addresses",
    ja: 'ホストネットワークのPodがノードのアドレスを持つ',
  },
  section: 'pods',
  severity: 'medium',
  profile: 'quick',
  async run({ inventory, families }) {
    const [nodes, pods] = await Promise.all([inventory.nodes(), inventory.pods()])
    return forEachFamily(families, family => judgeHostPods({ nodes, pods }, family))
  },
})
