// RequireDualStack gets both families or nothing (concept page): on a single-stack cluster the server has to
// refuse it, in words from which the person who asked understands why.
import { defineCheck, forEachFamily } from '../check.ts'
import { type Attempted, attemptCreate, showAttempt, trialService } from '../trialservices.ts'
import { fail, pass, type Verdict } from '../verdict.ts'
import { judgeServiceOf } from './SVC-03.ts'

/** `Cluster is not configured for dual stack services` in 1.20, hyphenated and in small letters later. */
const refusal = /not configured for dual.stack services/i

export function judgeRefusal(attempted: Attempted): Verdict {
  if ('refused' in attempted && refusal.test(attempted.refused.message))
    return pass(attempted.refused.message)
  return fail({
    expected: {
      en: 'a refusal that says the cluster is not configured for dual-stack services',
      ja: 'デュアルスタックのServiceが設定されていないことを示して拒否されること',
    },
    observed: showAttempt(attempted),
    cause: {
      en: 'Another kube-apiserver replica has two ranges, or a webhook or policy changes or refuses the Service',
      ja: '別のkube-apiserverのレプリカに2つの範囲があるか、webhookまたはポリシーがServiceを変更または拒否しています',
    },
    remedy: {
      en: 'Give all replicas of kube-apiserver the same --service-cluster-ip-range, and look for whoever changes Services: kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations',
      ja: 'kube-apiserverのすべてのレプリカに同じ--service-cluster-ip-rangeを設定し、Serviceを変更しているものを確認してください: kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations',
    },
  })
}

export const requiredServiceIsDualStack = defineCheck({
  id: 'SVC-04',
  title: {
    en: 'A RequireDualStack Service gets both families, or is refused',
    ja: 'RequireDualStackのServiceが両方のファミリーを取得するか、拒否される',
  },
  section: 'services',
  severity: 'blocker',
  profile: 'standard',
  needs: ['write'],
  async run({ workspace, mode, families }) {
    const service = trialService('SVC-04', { ipFamilyPolicy: 'RequireDualStack' })
    const attempted = await attemptCreate(workspace, service)
    if (mode.families.length < 2) return judgeRefusal(attempted)
    const wanted = { policy: 'RequireDualStack', families: mode.families }
    return forEachFamily(families, family => judgeServiceOf(attempted, wanted, family))
  },
})
