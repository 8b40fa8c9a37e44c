// From a Pod on each sampled node, a Service's ClusterIP of each family answers over TCP and UDP and leads to
// every backend: the page's "you may then validate access", on every node.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { judgeClusterIPTraffic, sendToClusterIPs } from '../clusteriptraffic.ts'
import { usableFamilies } from '../probeservice.ts'

export const clusterIPFinding = (family: IPFamily) => ({
  expected: {
    en: `the ${family} ClusterIP answers from every node, over TCP and UDP`,
    ja: `すべてのノードから${family}のClusterIPがTCPとUDPで応答すること`,
  },
  cause: {
    en: `The Service proxy on these nodes does not handle ${family} (kube-proxy found no ${family} on its node, or cannot write the rules)`,
    ja: `これらのノードのServiceプロキシーが${family}を処理していません（kube-proxyがノードに${family}を検出できないか、ルールを書けません）`,
  },
  remedy: {
    en: `kubectl -n kube-system logs -l k8s-app=kube-proxy | grep -i ${family}; give kube-proxy both ranges in --cluster-cidr, the node an ${family} InternalIP (NODE-04), and load the kernel modules of its mode (PRX-01); then restart kube-proxy.`,
    ja: `kubectl -n kube-system logs -l k8s-app=kube-proxy | grep -i ${family} を確認し、kube-proxyの--cluster-cidrに両方の範囲を、ノードに${family}のInternalIPを設定し（NODE-04）、モードに必要なカーネルモジュールをロードして（PRX-01）、kube-proxyを再起動してください。`,
  },
})

export const clusterIPsAnswerPods = defineCheck({
  id: 'SVC-07',
  title: {
    en: 'ClusterIPs answer from Pods on every node, over TCP and UDP',
    ja: 'すべてのノードのPodからClusterIPにTCPとUDPで到達できる',
  },
  section: 'services',
  severity: 'blocker',
  profile: 'standard',
  needs: ['traffic'],
  requires: ['PRE-03', 'POD-01'],
  async run(context) {
    const traffic = await sendToClusterIPs(context, { check: 'SVC-07', hostNetwork: false })
    return forEachFamily(usableFamilies(context), family =>
      judgeClusterIPTraffic(traffic, family, clusterIPFinding(family)),
    )
  },
})
