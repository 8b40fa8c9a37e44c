// Hairpin: a Pod reaches itself through its own Service, in each family.
import { defineCheck, forEachFamily } from '../check.ts'
import { ofFamily } from '../nodefacts.ts'
import { createProbeService, servicePorts, usableFamilies } from '../probeservice.ts'
import { attemptOf, httpURL, judgeAttempts, parseProbes } from '../traffic.ts'
import { clusterIPsOf } from '../trialservices.ts'
import { notEvaluable } from '../verdict.ts'

const selector = { 'verify.futago.dev/server': 'hairpin' }
const port = 8080

export const podsReachThemselves = defineCheck({
  id: 'SVC-14',
  title: {
    en: 'A Pod reaches itself through its Service',
    ja: 'Podが自身のServiceを経由して自分に到達できる',
  },
  section: 'services',
  severity: 'medium',
  profile: 'standard',
  needs: ['traffic'],
  requires: ['SVC-07'],
  async run(context) {
    const { prober, inventory, signal } = context
    const families = usableFamilies(context)
    const node = (await inventory.sampledNodes())[0]?.metadata.name ?? ''
    const spec = { ports: [{ name: 'http', port: servicePorts.http, targetPort: port, protocol: 'TCP' }] }
    const service = await createProbeService(context, { families, selector, spec })
    const lines = families.flatMap(family =>
      ofFamily(clusterIPsOf(service), family).map(
        address => `probe ${family} until_ok 15 http ${httpURL(address, servicePorts.http, '/hostname')} 2`,
      ),
    )
    const script = `
( serve ${port} 8081 ) & server=$!
until_ok 10 http http://localhost:${port}/hostname
echo
${lines.join('\n')}
while [ "$(ls probe.* 2>/dev/null | wc -l)" -lt ${lines.length} ]; do sleep 0.1; done
cat probe.*
kill "$server"`
    const { stdout } = await prober.run(script, { check: 'SVC-14', node, labels: selector, signal })
    const probes = parseProbes(stdout)
    if (probes.size === 0) {
      return notEvaluable({
        en: 'The Pod did not start its own server',
        ja: 'Podが自身のサーバーを起動できませんでした',
      })
    }
    const attempts = families.map(family =>
      attemptOf(probes.get(family), { from: node, to: 'itself', family, protocol: 'TCP' }),
    )
    return forEachFamily(families, family =>
      judgeAttempts(attempts, family, {
        expected: {
          en: `the Pod gets its own answer through its ${family} ClusterIP`,
          ja: `Podが自身の${family} ClusterIP経由で自分の応答を受け取ること`,
        },
        cause: {
          en: `The Pod's port on its bridge does not send packets back (hairpin), or ${family} packets to itself are not masqueraded`,
          ja: `ブリッジのPod側ポートが折り返し（ヘアピン）に対応していないか、自分宛ての${family}パケットがマスカレードされていません`,
        },
        remedy: {
          en: 'Set "hairpinMode": true in the bridge plugin\'s configuration (or what the network plugin calls it), and give kube-proxy the Pod ranges of both families in --cluster-cidr.',
          ja: 'bridgeプラグインの設定で "hairpinMode": true （または各CNIプラグインの相当する設定）を有効にし、kube-proxyの--cluster-cidrに両ファミリーのPod範囲を指定してください。',
        },
      }),
    )
  },
})
