// A headless Service without a selector may have endpoints of any family, so by default it has both: even on
// a single-stack cluster (KEP-563; kubernetes/kubernetes#118897 asks why).
import { defineCheck, forEachFamily } from '../check.ts'
import { attemptCreate, familiesOfService, showAttempt, trialService } from '../trialservices.ts'
import { fail, pass } from '../verdict.ts'

export const selectorlessServicesHaveBothFamilies = defineCheck({
  id: 'SVC-11',
  title: {
    en: 'A headless Service without a selector has both families',
    ja: 'セレクターのないヘッドレスServiceが両方のファミリーを持つ',
  },
  section: 'services',
  severity: 'low',
  profile: 'standard',
  needs: ['write'],
  async run({ workspace, families }) {
    const { selector: _, ...spec } = trialService('SVC-11').spec ?? {}
    const service = { ...trialService('SVC-11'), spec: { ...spec, clusterIP: 'None' } }
    const attempted = await attemptCreate(workspace, service)
    const has = 'made' in attempted ? familiesOfService(attempted.made) : []
    return forEachFamily(families, family =>
      has.includes(family)
        ? pass(showAttempt(attempted))
        : fail({
            expected: {
              en: `ipFamilies with ${family}, since nothing restricts the endpoints`,
              ja: `エンドポイントを制限するものがないため、ipFamiliesに${family}が含まれること`,
            },
            observed: showAttempt(attempted),
            cause: {
              en: 'A mutating webhook or policy sets ipFamilyPolicy or ipFamilies of Services that have none',
              ja: 'mutating webhookまたはポリシーが、未指定のServiceのipFamilyPolicyまたはipFamiliesを設定しています',
            },
            remedy: {
              en: 'Exempt headless Services from it, or set ipFamilyPolicy: RequireDualStack and both ipFamilies on such Services.',
              ja: 'ヘッドレスServiceをその対象から除外するか、該当するServiceにipFamilyPolicy: RequireDualStackと両方のipFamiliesを指定してください。',
            },
          }),
    )
  },
})
