// Each external address of a LoadBalancer Service answers from inside of the cluster.

import { balancerFinding, noAddressOf, shareBalancedService } from '../balancedtraffic.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { nameOf, ofFamily } from '../nodefacts.ts'
import { servicePorts, usableFamilies } from '../probeservice.ts'
import { attemptOf, httpURL, judgeAttempts, parseProbes } from '../traffic.ts'

export const balancersAnswerInside = defineCheck({
  id: 'LB-04',
  title: { en: 'External addresses answer from inside', ja: '外部アドレスがクラスター内から応答する' },
  section: 'loadBalancer',
  severity: 'high',
  profile: 'standard',
  needs: ['traffic', 'loadBalancer'],
  requires: ['LB-01', 'SVC-07'],
  async run(context) {
    const { prober, inventory, signal } = context
    const { addresses, names } = await shareBalancedService(context)
    const nodes = await inventory.sampledNodes()
    const families = usableFamilies(context)
    const lines = addresses.map(
      address => `probe ${address} until_ok 20 http ${httpURL(address, servicePorts.http, '/hostname')}`,
    )
    const script = `${lines.join('\n')}\nsettle`
    const attempts = await Promise.all(
      nodes.map(async node => {
        const { stdout } = await prober.run(script, { check: 'LB-04', node: nameOf(node), signal })
        const probes = parseProbes(stdout)
        return families.flatMap(family =>
          ofFamily(addresses, family).map(address => {
            const what = { from: nameOf(node), to: address, family, protocol: 'TCP' as const }
            return attemptOf(probes.get(address), what)
          }),
        )
      }),
    )
    return forEachFamily(families, family =>
      ofFamily(addresses, family).length === 0
        ? noAddressOf(family, names)
        : judgeAttempts(attempts.flat(), family, balancerFinding(family)),
    )
  },
})
