// Which Services are single-stack though the cluster could give them both families: mostly because a chart
// has no value for ipFamilyPolicy. `default/kubernetes` is single-stack by upstream's design (KEP-2438).
import type { Service } from '../../api/generated/types.ts'
import type { IPFamilies } from '../../ip/family.ts'
import { defineCheck } from '../check.ts'
import { listSome } from '../nodefacts.ts'
import { namespacedName } from '../podfacts.ts'
import { familiesOfService } from '../trialservices.ts'
import { pass, type Verdict, warn } from '../verdict.ts'

const isOfDesign = (service: Service) => namespacedName(service) === 'default/kubernetes'

/** verify's own trial Services are none of the user's. */
const isOwn = ({ metadata }: Service) => metadata.labels?.['app.kubernetes.io/managed-by'] === 'futago-verify'

/** `PreferDualStack 3, SingleStack 2`. */
function countPolicies(services: readonly Service[]): string {
  const counts = new Map<string, number>()
  for (const { spec } of services) {
    const policy = spec?.ipFamilyPolicy ?? '-'
    counts.set(policy, (counts.get(policy) ?? 0) + 1)
  }
  return [...counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([policy, count]) => `${policy} ${count}`)
    .join(', ')
}

export function judgePolicies(all: readonly Service[], families: IPFamilies): Verdict {
  const services = all.filter(
    service => service.spec?.type !== 'ExternalName' && !isOfDesign(service) && !isOwn(service),
  )
  const counts = `${services.length} Services${services.length > 0 ? `: ${countPolicies(services)}` : ''}`
  const single = services.filter(service => familiesOfService(service).length < families.length)
  if (single.length === 0 || families.length < 2) return pass(counts)
  return warn({
    expected: {
      en: `Services with both families, where clients of both should reach them`,
      ja: '両方のファミリーのクライアントから到達する必要があるServiceが、両方のファミリーを持つこと',
    },
    observed: `${counts}; ${listSome(
      single.map(service => `${namespacedName(service)} (${familiesOfService(service).join()})`),
    )}`,
    cause: {
      en: 'A Service that says no ipFamilyPolicy is SingleStack; many charts have no value for it',
      ja: 'ipFamilyPolicyを指定しないServiceはSingleStackになります。多くのHelmチャートにはこの値がありません',
    },
    remedy: {
      en: 'Set the chart\'s ipFamilyPolicy to PreferDualStack where it has one; else: kubectl patch service NAME -p \'{"spec":{"ipFamilyPolicy":"PreferDualStack"}}\', or a mutating policy for all. The first ClusterIP stays.',
      ja: 'チャートに値がある場合は、ipFamilyPolicyをPreferDualStackにしてください。ない場合は、次を実行するか(kubectl patch service NAME -p \'{"spec":{"ipFamilyPolicy":"PreferDualStack"}}\')、mutatingポリシーで一括設定してください。最初のClusterIPは変わりません。',
    },
  })
}

export const servicesUseBothFamilies = defineCheck({
  id: 'SVC-21',
  title: { en: 'Services by policy and family', ja: 'ポリシーとファミリー別のService' },
  section: 'services',
  severity: 'information',
  profile: 'quick',
  async run({ inventory, mode }) {
    return judgePolicies(await inventory.services(), mode.families)
  },
})
