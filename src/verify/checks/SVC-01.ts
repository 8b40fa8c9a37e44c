// The page's first Service: without a policy it is SingleStack, of the primary family, with an address of
// the first range. The Service is made for real, as on the page.
import { defineCheck } from '../check.ts'
import {
  attemptCreate,
  clusterIPsOf,
  compareRanges,
  isAsWanted,
  rewritten,
  showAttempt,
  trialService,
  wantedText,
} from '../trialservices.ts'
import { fail, pass } from '../verdict.ts'

export const plainServiceIsSingleStack = defineCheck({
  id: 'SVC-01',
  title: {
    en: 'A Service without a policy is SingleStack, of the primary family',
    ja: 'ポリシー未指定のServiceはプライマリファミリーのSingleStackになる',
  },
  section: 'services',
  severity: 'blocker',
  profile: 'standard',
  needs: ['write'],
  async run({ workspace, mode }) {
    const wanted = { policy: 'SingleStack', families: mode.families.slice(0, 1) }
    const attempted = await attemptCreate(workspace, trialService('SVC-01'))
    if (isAsWanted(attempted, wanted) && 'made' in attempted)
      return pass(clusterIPsOf(attempted.made).join(', '))
    return fail({
      expected: wantedText(wanted),
      observed: showAttempt(attempted),
      cause: rewritten,
      remedy: compareRanges,
    })
  },
})
