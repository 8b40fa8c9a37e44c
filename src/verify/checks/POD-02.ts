// The first address of a Pod is of its node's primary family, that of the node's first InternalIP: clients
// that know only status.podIP get that one (kubernetes/kubernetes#97979).
import type { Node } from '../../api/generated/types.ts'
import { defineCheck } from '../check.ts'
import { familiesOf, inOrder, internalIPsOf, listSome, nameOf } from '../nodefacts.ts'
import { podFamiliesOf, podIPsOf } from '../podfacts.ts'
import type { ProbeServer } from '../prober.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

export function judgePodOrder(servers: readonly ProbeServer[], nodes: readonly Node[]): Verdict {
  const byName = new Map(nodes.map(node => [nameOf(node), node]))
  const judged = servers.flatMap(server => {
    const node = byName.get(server.node)
    const families = node ? familiesOf(internalIPsOf(node)) : []
    return families.length > 0 ? [{ server, families }] : []
  })
  if (judged.length === 0) {
    return notEvaluable({
      en: 'The nodes of the probe Pods have no InternalIP',
      ja: 'プローブPodのノードにInternalIPがありません',
    })
  }
  const swapped = judged.filter(({ server, families }) => !inOrder(podFamiliesOf(server.pod), families))
  if (swapped.length === 0) {
    return pass(
      listSome(
        judged.map(({ server }) => `${server.node}: ${podFamiliesOf(server.pod).join(', ')}`),
        '; ',
      ),
    )
  }
  return fail({
    expected: {
      en: "status.podIPs in the order of the node's InternalIPs",
      ja: 'status.podIPsの順序がノードのInternalIPの順序と同じであること',
    },
    observed: listSome(
      swapped.map(
        ({ server, families }) =>
          `${server.node} (${families.join(', ')}): ${podIPsOf(server.pod).join(', ')}`,
      ),
      '; ',
    ),
    cause: {
      en: "The kubelet orders a Pod's addresses by the node's first address at the time it started, and that was of the other family",
      ja: 'kubeletは起動時のノードの最初のアドレスに従ってPodのアドレスを並べます。そのときの最初のアドレスが、もう一方のファミリーでした',
    },
    remedy: {
      en: "Let the kubelet's --node-ip list the cluster's primary family first, restart the kubelet, then recreate the node's Pods.",
      ja: 'kubeletの--node-ipでクラスターのプライマリファミリーを先頭にし、kubeletを再起動してから、ノードのPodを作り直してください。',
    },
  })
}

export const podAddressesAreOrdered = defineCheck({
  id: 'POD-02',
  title: {
    en: "A Pod's addresses stand in the order of its node",
    ja: 'Podのアドレスがノードと同じファミリーの順序で並んでいる',
  },
  section: 'pods',
  severity: 'medium',
  profile: 'standard',
  needs: ['probe'],
  async run({ prober, inventory }) {
    const [servers, nodes] = await Promise.all([prober.servers(), inventory.nodes()])
    return judgePodOrder(servers, nodes)
  },
})
