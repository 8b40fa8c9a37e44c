// The page's third Service: PreferDualStack gets a ClusterIP of each family, primary first; on a single-stack
// cluster it falls back to the one there is (concept page), which is not an error.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ofFamily } from '../nodefacts.ts'
import {
  type Attempted,
  attemptCreate,
  clusterIPsOf,
  compareRanges,
  isAsWanted,
  notConfigured,
  rewritten,
  showAttempt,
  trialService,
  type WantedService,
  wantedText,
} from '../trialservices.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

export function judgeServiceOf(attempted: Attempted, wanted: WantedService, family: IPFamily): Verdict {
  if (!wanted.families.includes(family)) return notConfigured(family)
  const addresses = 'made' in attempted ? ofFamily(clusterIPsOf(attempted.made), family) : []
  if (isAsWanted(attempted, wanted)) return pass(addresses.join(', '))
  return fail({
    expected: wantedText(wanted),
    observed: showAttempt(attempted),
    cause: rewritten,
    remedy: compareRanges,
  })
}

export const preferredServiceIsDualStack = defineCheck({
  id: 'SVC-03',
  title: {
    en: 'A PreferDualStack Service gets a ClusterIP per family',
    ja: 'PreferDualStackのServiceにファミリーごとのClusterIPが割り当てられる',
  },
  section: 'services',
  severity: 'blocker',
  profile: 'standard',
  needs: ['write'],
  async run({ workspace, mode, families }) {
    const wanted = { policy: 'PreferDualStack', families: mode.families }
    const service = trialService('SVC-03', { ipFamilyPolicy: 'PreferDualStack' })
    const attempted = await attemptCreate(workspace, service)
    return forEachFamily(families, family => judgeServiceOf(attempted, wanted, family))
  },
})
