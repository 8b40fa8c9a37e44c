// Each external address of a LoadBalancer Service answers from outside: from the machine that runs verify, as
// far as it has the family.
import { joinHostPort } from '../../ip/hostport.ts'
import { balancerFinding, noAddressOf, noFamilyHere, shareBalancedService } from '../balancedtraffic.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ofFamily } from '../nodefacts.ts'
import { servicePorts, usableFamilies } from '../probeservice.ts'
import { type Attempt, judgeAttempts } from '../traffic.ts'

const timeoutMs = 5000
const tries = 4

export const balancersAnswerOutside = defineCheck({
  id: 'LB-05',
  title: { en: 'External addresses answer from outside', ja: '外部アドレスがクラスター外から応答する' },
  section: 'loadBalancer',
  severity: 'high',
  profile: 'standard',
  needs: ['traffic', 'loadBalancer', 'outside'],
  requires: ['LB-01', 'SVC-07'],
  async run(context) {
    const { host, clock, signal } = context
    const { addresses, names } = await shareBalancedService(context)
    const families = usableFamilies(context)
    const attempts = await Promise.all(
      families.flatMap(family =>
        ofFamily(addresses, family).map(async (address): Promise<Attempt> => {
          const what = {
            from: 'this machine',
            to: joinHostPort(address, servicePorts.http),
            family,
            protocol: 'TCP' as const,
          }
          let detail = ''
          for (let left = tries; left > 0; left--) {
            const options = { path: '/hostname', timeoutMs, signal }
            const answer = await host.connect(address, servicePorts.http, options)
            if (answer.outcome === 'connected') {
              return {
                ...what,
                outcome: 'reached',
                milliseconds: answer.milliseconds,
                detail: answer.body ?? '',
              }
            }
            detail = `${answer.outcome} (${answer.detail})`
            if (left > 1) await clock.sleep(1000, signal)
          }
          return { ...what, outcome: 'failed', milliseconds: 0, detail }
        }),
      ),
    )
    return forEachFamily(families, family => {
      if (ofFamily(addresses, family).length === 0) return noAddressOf(family, names)
      if (!host.families.includes(family)) return noFamilyHere(family)
      return judgeAttempts(attempts, family, balancerFinding(family))
    })
  },
})
