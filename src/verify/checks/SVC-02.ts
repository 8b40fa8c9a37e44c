// The page's second Service: `ipFamilies: [IPv6]` alone gives a SingleStack Service of that family, and
// `[IPv4]` likewise, whichever of them is primary.
import type { IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck } from '../check.ts'
import { detectDistribution } from '../distribution.ts'
import {
  attemptCreate,
  clusterIPsOf,
  isAsWanted,
  notConfigured,
  rewritten,
  showAttempt,
  trialService,
  wantedText,
} from '../trialservices.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

async function tryFamily(context: CheckContext, family: IPFamily): Promise<Verdict> {
  const { workspace, mode, version, inventory } = context
  if (!mode.families.includes(family)) return notConfigured(family)
  const wanted = { policy: 'SingleStack', families: [family] }
  const attempted = await attemptCreate(workspace, trialService('SVC-02', { ipFamilies: [family] }))
  if (isAsWanted(attempted, wanted) && 'made' in attempted)
    return pass(clusterIPsOf(attempted.made).join(', '))
  const { serviceRanges } = detectDistribution(version.gitVersion, await inventory.nodes())
  return fail({
    expected: wantedText(wanted),
    observed: showAttempt(attempted),
    cause:
      'refused' in attempted
        ? {
            en: `The kube-apiserver that answered has no ${family} range for Services, or a webhook or policy refuses it`,
            ja: `応答したkube-apiserverに${family}のServiceの範囲がないか、webhookまたはポリシーが拒否しています`,
          }
        : rewritten,
    remedy: serviceRanges,
  })
}

export const servicesHaveOneFamily = defineCheck({
  id: 'SVC-02',
  title: {
    en: 'A Service of one family gets a ClusterIP of that family',
    ja: '1つのファミリーを指定したServiceに、そのファミリーのClusterIPが割り当てられる',
  },
  section: 'services',
  severity: 'blocker',
  profile: 'standard',
  needs: ['write'],
  async run(context) {
    const { families } = context
    const verdicts = await Promise.all(families.map(family => tryFamily(context, family)))
    return Object.fromEntries(families.map((family, index) => [family, verdicts[index]!]))
  },
})
