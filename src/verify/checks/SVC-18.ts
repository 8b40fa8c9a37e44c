// A Service in front of hostNetwork Pods: its backends are node addresses, which the proxy reaches by another
// way than those of Pods.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ofFamily } from '../nodefacts.ts'
import { createProbeService, servicePorts, usableFamilies } from '../probeservice.ts'
import { attemptOf, httpURL, judgeAttempts, parseProbes } from '../traffic.ts'
import { clusterIPsOf } from '../trialservices.ts'

const labels = { 'verify.futago.dev/server': 'host' }

const findingOf = (family: IPFamily) => ({
  expected: {
    en: `hostNetwork backends answer through the ${family} ClusterIP`,
    ja: `hostNetworkのバックエンドが${family}のClusterIP経由で応答すること`,
  },
  cause: {
    en: `The Pod has no ${family} address of its node (see POD-08), so that there is no ${family} endpoint, or a firewall on the node drops ${family} to its ports`,
    ja: `Podがノードの${family}アドレスを持たず（POD-08を参照）${family}のエンドポイントがないか、ノードのファイアウォールがポートへの${family}を破棄しています`,
  },
  remedy: {
    en: `Give the node an ${family} InternalIP (NODE-04), recreate the Pods of its network, and let ${family} from Pods to the node pass.`,
    ja: `ノードに${family}のInternalIPを設定し（NODE-04）、hostNetworkのPodを作り直して、Podからノードへの${family}を許可してください。`,
  },
})

export const hostBackendsAnswer = defineCheck({
  id: 'SVC-18',
  title: { en: 'Backends in the host network answer', ja: 'ホストネットワークのバックエンドが応答する' },
  section: 'services',
  severity: 'medium',
  profile: 'full',
  needs: ['hostNetwork'],
  requires: ['SVC-07'],
  async run(context) {
    const { prober, workspace, inventory, signal } = context
    const families = usableFamilies(context)
    const nodes = await inventory.sampledNodes()
    const namespace = await workspace.hostNamespace()
    const service = await createProbeService(context, { families, selector: labels, namespace })
    const node = nodes[0]?.metadata.name ?? ''
    const server = await prober.startServer({ check: 'SVC-18', node, labels, hostNetwork: true, signal })
    const from = (nodes[1] ?? nodes[0])?.metadata.name ?? ''
    const lines = families.flatMap(family =>
      ofFamily(clusterIPsOf(service), family).map(address => {
        return `probe ${family} until_ok 15 http ${httpURL(address, servicePorts.http, '/hostname')}`
      }),
    )
    const script = `${lines.join('\n')}\nsettle`
    const { stdout } = await prober.run(script, { check: 'SVC-18', node: from, signal })
    const probes = parseProbes(stdout)
    const what = { from, to: `ClusterIP (${server.addresses.join(', ')})`, protocol: 'TCP' as const }
    const attempts = families.map(family => attemptOf(probes.get(family), { ...what, family }))
    return forEachFamily(families, family => judgeAttempts(attempts, family, findingOf(family)))
  },
})
