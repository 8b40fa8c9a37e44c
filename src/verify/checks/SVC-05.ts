// The order of ipFamilies is the user's: `[IPv6, IPv4]` and `[IPv4, IPv6]` come back as they were asked, in
// ipFamilies and in clusterIPs, whichever family is the cluster's primary one.
import { defineCheck } from '../check.ts'
import {
  attemptCreate,
  isAsWanted,
  needsTwoFamilies,
  rewritten,
  showAttempt,
  trialService,
  wantedText,
} from '../trialservices.ts'
import { fail, pass } from '../verdict.ts'

export const servicesKeepTheirOrder = defineCheck({
  id: 'SVC-05',
  title: {
    en: 'Services keep the family order that was asked',
    ja: 'Serviceが指定されたファミリーの順序を保つ',
  },
  section: 'services',
  severity: 'high',
  profile: 'standard',
  needs: ['write'],
  async run({ workspace, mode }) {
    if (mode.families.length < 2) return needsTwoFamilies
    const orders = [mode.families, [...mode.families].reverse()]
    const policy = 'RequireDualStack'
    const attempts = await Promise.all(
      orders.map(ipFamilies => {
        const service = trialService('SVC-05', { ipFamilyPolicy: policy, ipFamilies: [...ipFamilies] })
        return attemptCreate(workspace, service)
      }),
    )
    const wrong = orders.findIndex((families, index) => !isAsWanted(attempts[index]!, { policy, families }))
    if (wrong < 0) return pass(attempts.map(showAttempt).join('; '))
    return fail({
      expected: wantedText({ policy, families: orders[wrong]! }),
      observed: showAttempt(attempts[wrong]!),
      cause: rewritten,
      remedy: {
        en: 'Look for whoever rewrites spec.ipFamilies of Services: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies; Services that matter can name their clusterIPs in the wanted order.',
        ja: 'Serviceのspec.ipFamiliesを書き換えているものを確認してください: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies。重要なServiceでは、clusterIPsを希望する順序で明示することもできます。',
      },
    })
  },
})
