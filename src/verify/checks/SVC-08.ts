// As SVC-07, from the nodes' own network: host programs and hostNetwork Pods take the OUTPUT way through the
// rules, and need a route for the Service range.
import { defineCheck, forEachFamily } from '../check.ts'
import { judgeClusterIPTraffic, sendToClusterIPs } from '../clusteriptraffic.ts'
import { ipRoute } from '../familywords.ts'
import { usableFamilies } from '../probeservice.ts'

export const clusterIPsAnswerNodes = defineCheck({
  id: 'SVC-08',
  title: { en: 'ClusterIPs answer from the nodes themselves', ja: 'ノード自身からClusterIPに到達できる' },
  section: 'services',
  severity: 'high',
  profile: 'full',
  needs: ['hostNetwork'],
  requires: ['SVC-07'],
  async run(context) {
    const traffic = await sendToClusterIPs(context, { check: 'SVC-08', hostNetwork: true })
    return forEachFamily(usableFamilies(context), family =>
      judgeClusterIPTraffic(traffic, family, {
        expected: {
          en: `the ${family} ClusterIP answers from the node's own network`,
          ja: `ノード自身のネットワークから${family}のClusterIPが応答すること`,
        },
        cause: {
          en: `The node has no ${family} route that covers the Service range, or its OUTPUT rules miss ${family}`,
          ja: `ノードにServiceの範囲を含む${family}のルートがないか、OUTPUTルールに${family}がありません`,
        },
        remedy: {
          en: `On that node: ${ipRoute[family]} get CLUSTERIP; without an answer add a default route for ${family}, then look for the Service in the nat OUTPUT rules.`,
          ja: `該当ノードで ${ipRoute[family]} get CLUSTERIP を実行してください。応答がなければ${family}のデフォルトルートを追加し、natのOUTPUTルールにServiceがあるか確認してください。`,
        },
      }),
    )
  },
})
