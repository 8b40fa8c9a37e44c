// A node reaches the Pods on it in each family: the way of the kubelet's probes, which a host firewall can
// cut without any Pod noticing.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ipRoute } from '../familywords.ts'
import { ofFamily } from '../nodefacts.ts'
import { attemptOf, httpURL, judgeAttempts, parseProbes } from '../traffic.ts'

const findingOf = (family: IPFamily) => ({
  expected: {
    en: `the node itself reaches the Pods on it over ${family}`,
    ja: `ノード自身が、そのノード上のPodに${family}で到達できること`,
  },
  cause: {
    en: `The node's firewall (OUTPUT) drops ${family} to Pods, or it has no ${family} route to its own Pod range`,
    ja: `ノードのファイアウォール（OUTPUT）がPodへの${family}を破棄しているか、自ノードのPod範囲への${family}ルートがありません`,
  },
  remedy: {
    en: `On that node: ${ipRoute[family]} get POD-ADDRESS and nft list ruleset; probes of the kubelet take the same way.`,
    ja: `該当ノードで ${ipRoute[family]} get PODアドレス と nft list ruleset を確認してください。kubeletのプローブも同じ経路を使います。`,
  },
})

export const nodesReachTheirPods = defineCheck({
  id: 'POD-11',
  title: { en: 'Nodes reach the Pods on them', ja: 'ノードが自ノード上のPodに到達できる' },
  section: 'pods',
  severity: 'medium',
  profile: 'full',
  needs: ['hostNetwork'],
  requires: ['POD-01'],
  async run({ prober, families, signal }) {
    const servers = await prober.servers()
    const attempts = await Promise.all(
      servers.map(async ({ node, pod, addresses, httpPort }) => {
        const lines = families.flatMap(family =>
          ofFamily(addresses, family).map(
            address => `probe '${family}' http ${httpURL(address, httpPort, '/hostname')}`,
          ),
        )
        const script = `${lines.join('\n')}\nsettle`
        const { stdout } = await prober.run(script, { check: 'POD-11', node, hostNetwork: true, signal })
        const probes = parseProbes(stdout)
        return families.map(family =>
          attemptOf(
            probes.get(family),
            { from: node, to: pod.metadata.name ?? '', family, protocol: 'TCP' },
            output => output === pod.metadata.name,
          ),
        )
      }),
    )
    return forEachFamily(families, family => judgeAttempts(attempts.flat(), family, findingOf(family)))
  },
})
