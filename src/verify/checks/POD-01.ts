// The page's third step: a Pod has an address of each family, on every sampled node, and the older single
// field repeats the first one.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { listSome, ofFamily } from '../nodefacts.ts'
import { podIPsOf } from '../podfacts.ts'
import type { ProbeServer } from '../prober.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

const show = ({ node, pod }: ProbeServer) => `${node}: ${podIPsOf(pod).join(', ') || '-'}`

export function judgePodIPs(servers: readonly ProbeServer[], family: IPFamily): Verdict {
  const lacking = servers.filter(({ pod }) => ofFamily(podIPsOf(pod), family).length !== 1)
  if (lacking.length > 0) {
    return fail({
      expected: {
        en: `one ${family} address in status.podIPs of a new Pod on every node`,
        ja: `すべてのノードで、新しいPodのstatus.podIPsに${family}アドレスが1つあること`,
      },
      observed: listSome(lacking.map(show), '; '),
      cause: {
        en: `The CNI plugin on these nodes hands out no ${family} addresses`,
        ja: `これらのノードのCNIプラグインが${family}アドレスを割り当てていません`,
      },
      remedy: {
        en: 'Give the CNI configuration a range per family: host-local needs one entry of "ranges" each, Calico an IPPool and assign_ipv4/assign_ipv6 "true", Cilium enable-ipv4/enable-ipv6 "true", Flannel EnableIPv6 with IPv6Network, kindnet nothing but the node\'s podCIDRs; then recreate Pods.',
        ja: 'CNIの設定にファミリーごとの範囲を追加してください。host-localでは"ranges"にそれぞれのエントリ、CalicoではIPPoolとassign_ipv4/assign_ipv6 "true"、Ciliumではenable-ipv4/enable-ipv6 "true"、FlannelではEnableIPv6とIPv6Networkが必要で、kindnetはノードのpodCIDRsのみを使用します。その後、Podを作り直してください。',
      },
    })
  }
  const unequal = servers.filter(({ pod }) => {
    const { podIP } = pod.status ?? {}
    return podIP !== podIPsOf(pod)[0]
  })
  if (unequal.length === 0) {
    return pass(listSome(servers.map(({ node, pod }) => `${node}: ${ofFamily(podIPsOf(pod), family)[0]}`)))
  }
  return fail({
    expected: { en: 'podIP equal to podIPs[0]', ja: 'podIPがpodIPs[0]と等しいこと' },
    observed: listSome(
      unequal.map(server => {
        const { podIP } = server.pod.status ?? {}
        return `${show(server)}, podIP ${podIP ?? '-'}`
      }),
      '; ',
    ),
    cause: {
      en: 'Something other than the kubelet writes the status of Pods, or kubelet and API server are of very different versions',
      ja: 'kubelet以外がPodのステータスを書き込んでいるか、kubeletとAPIサーバーのバージョンが大きく異なります',
    },
    remedy: {
      en: 'Bring the kubelets to a version that the API server supports (kubectl get nodes shows it), and look for controllers that patch pods/status.',
      ja: 'kubeletをAPIサーバーがサポートするバージョンにし(kubectl get nodesで確認できます)、pods/statusを変更するコントローラーがないか確認してください。',
    },
  })
}

export const podsGetAddresses = defineCheck({
  id: 'POD-01',
  title: { en: 'A Pod gets an address per family', ja: 'Podにファミリーごとのアドレスが割り当てられる' },
  section: 'pods',
  severity: 'blocker',
  profile: 'standard',
  needs: ['probe'],
  async run({ prober, families }) {
    const servers = await prober.servers()
    return forEachFamily(families, family => judgePodIPs(servers, family))
  },
})
