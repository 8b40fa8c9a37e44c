// Pods reach what is outside of the cluster, per family. Addresses of Pods are mostly private (IPv4) or
// unique local (IPv6), so something has to masquerade them; for IPv6 that is often left out.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { type EgressTarget, egressTargets } from '../egress.ts'
import { nameOf } from '../nodefacts.ts'
import { type Attempt, attemptOf, judgeAttempts, parseProbes } from '../traffic.ts'
import { type Finding, notEvaluable, skip, type Verdict } from '../verdict.ts'

const finding = (family: IPFamily): Omit<Finding, 'observed'> => ({
  expected: {
    en: `Pods on every node reach the outside over ${family}`,
    ja: `すべてのノードのPodが${family}でクラスターの外部に到達できること`,
  },
  cause: {
    en: `Nothing masquerades the Pods' ${family} addresses and the network beyond does not route them back, the nodes have no ${family} default route, or a firewall drops it`,
    ja: `Podの${family}アドレスがマスカレードされず、外部ネットワークからの戻りの経路もないか、ノードに${family}のデフォルトルートがないか、ファイアウォールが破棄しています`,
  },
  remedy: {
    en: `Masquerade ${family} in the CNI plugin (Calico: natOutgoing: true on the IPPool; Flannel and k3s: --flannel-ipv6-masq; Cilium: enable-${family.toLowerCase()}-masquerade; bridge: ipMasq: true), or give Pods addresses that your routers route. Other targets: --egress-target.`,
    ja: `CNIプラグインで${family}のマスカレードを有効にするか(Calico: IPPoolのnatOutgoing: true、Flannelとk3s: --flannel-ipv6-masq、Cilium: enable-${family.toLowerCase()}-masquerade、bridge: ipMasq: true)、ルーティング可能なアドレスをPodに割り当ててください。別の宛先は--egress-targetで指定できます。`,
  },
})

/** Nothing at all gets out to addresses that nobody chose: that is a policy and no fault. */
const isAirGapped = (attempts: readonly Attempt[], targets: readonly EgressTarget[]) =>
  attempts.every(({ outcome }) => outcome === 'failed') && targets.every(({ isDefault }) => isDefault)

export function judgeEgress(
  seen: { readonly attempts: readonly Attempt[]; readonly targets: readonly EgressTarget[] },
  family: IPFamily,
): Verdict {
  const { attempts, targets } = seen
  if (!targets.some(target => target.family === family)) {
    return skip({
      en: `--egress-target names no ${family} address`,
      ja: `--egress-targetに${family}アドレスが指定されていません`,
    })
  }
  if (isAirGapped(attempts, targets)) {
    const tried = targets.map(({ address }) => address).join(', ')
    return notEvaluable({
      en: `No Pod gets out in any family (tried: ${tried}): the cluster seems to be air-gapped; name targets that it should reach with --egress-target`,
      ja: `どのファミリーでも外部に到達できません(宛先: ${tried})。隔離された環境のようです。到達すべき宛先を--egress-targetで指定してください`,
    })
  }
  return judgeAttempts(attempts, family, finding(family))
}

export const podsReachOutside = defineCheck({
  id: 'EGR-01',
  title: { en: 'Pods reach the outside', ja: 'Podがクラスターの外部に到達できる' },
  section: 'beyond',
  severity: 'high',
  profile: 'full',
  needs: ['egress'],
  requires: ['POD-01'],
  async run({ prober, inventory, families, settings, signal }) {
    const targets = egressTargets(settings, families)
    const nodes = await inventory.sampledNodes()
    const lines = targets.map(({ family, address, port }) => `probe ${family} tcp ${address} ${port} 5`)
    const attempts = await Promise.all(
      nodes.map(async node => {
        const script = `${lines.join('\n')}\nsettle`
        const { stdout } = await prober.run(script, { check: 'EGR-01', node: nameOf(node), signal })
        const probes = parseProbes(stdout)
        return targets.map(({ family, address }) =>
          attemptOf(
            probes.get(family),
            { from: nameOf(node), to: address, family, protocol: 'TCP' },
            output => output.startsWith('connected'),
          ),
        )
      }),
    )
    return forEachFamily(families, family => judgeEgress({ attempts: attempts.flat(), targets }, family))
  },
})
