// A Service takes its second family on and lets it go again without losing its first address (KEP-563): what
// clients know stays true. Its primary family never changes.
import type { Service } from '../../api/generated/types.ts'
import { services } from '../../api/resources/core/service.ts'
import type { IPFamilies } from '../../ip/family.ts'
import { type CheckContext, defineCheck } from '../check.ts'
import type { Text } from '../text.ts'
import {
  type Attempted,
  attempt,
  attemptCreate,
  clusterIPsOf,
  isAsWanted,
  needsTwoFamilies,
  rewritten,
  showAttempt,
  trialService,
  wantedText,
} from '../trialservices.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

const remedy: Text = {
  en: 'Look for whoever changes Services (kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies). Where this cannot be mended, change families by creating the Service anew under the other policy.',
  ja: 'Serviceを変更しているものを確認してください(kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies)。修正できない場合は、別のポリシーでServiceを作り直してファミリーを変更してください。',
}

const wrong = (expected: Text, attempted: Attempted, cause: Text = rewritten): Verdict =>
  fail({ expected, observed: showAttempt(attempted), cause, remedy })

interface Step {
  readonly spec: object
  readonly policy: string
  readonly families: IPFamilies
}

/** Single to dual and back; the last answer, or what was wrong on the way. */
async function upAndDown(context: CheckContext, service: Service): Promise<Verdict | Service> {
  const { client, mode } = context
  const steps: readonly Step[] = [
    { spec: { ipFamilyPolicy: 'RequireDualStack' }, policy: 'RequireDualStack', families: mode.families },
    { spec: { ipFamilyPolicy: 'SingleStack' }, policy: 'SingleStack', families: mode.families.slice(0, 1) },
  ]
  const [first] = clusterIPsOf(service)
  let last = service
  for (const { spec, policy, families } of steps) {
    const attempted = await attempt(client.patch(services, targetOf(service), { spec }))
    const isKept = 'made' in attempted && clusterIPsOf(attempted.made)[0] === first
    if (!isKept || !isAsWanted(attempted, { policy, families })) {
      const { en, ja } = wantedText({ policy, families })
      return wrong(
        { en: `${en}, which stays ${first}`, ja: `${ja}。先頭は${first}のままであること` },
        attempted,
      )
    }
    last = attempted.made
  }
  return last
}

const targetOf = ({ metadata }: Service) => ({ namespace: metadata.namespace!, name: metadata.name! })

export const servicesChangeFamilies = defineCheck({
  id: 'SVC-06',
  title: {
    en: 'A Service becomes dual-stack and single-stack again, and keeps its first ClusterIP',
    ja: 'Serviceをデュアルスタックにして戻しても、最初のClusterIPが保たれる',
  },
  section: 'services',
  severity: 'medium',
  profile: 'standard',
  needs: ['write'],
  permissions: [{ group: '', resource: 'services', verbs: ['patch'], scope: 'namespace' }],
  async run(context) {
    const { workspace, client, mode } = context
    if (mode.families.length < 2) return needsTwoFamilies
    const families = mode.families.slice(0, 1)
    const created = await attemptCreate(workspace, trialService('SVC-06', { ipFamilies: [...families] }))
    if (!('made' in created) || !isAsWanted(created, { policy: 'SingleStack', families })) {
      return wrong(wantedText({ policy: 'SingleStack', families }), created)
    }
    const single = await upAndDown(context, created.made)
    if ('outcome' in single) return single
    const spec = { ipFamilies: mode.families.slice(1), clusterIPs: null, clusterIP: null }
    const swapped = await attempt(client.patch(services, targetOf(single), { spec }))
    if ('refused' in swapped) {
      return pass(`${clusterIPsOf(single).join(', ')} kept; another primary: ${swapped.refused.message}`)
    }
    return wrong(
      { en: 'a refusal to change the primary family', ja: 'プライマリファミリーの変更が拒否されること' },
      swapped,
      {
        en: 'The server let a Service change its primary family: its clients lose it',
        ja: 'サーバーがServiceのプライマリファミリーの変更を許可しました。クライアントは接続先を失います',
      },
    )
  },
})
