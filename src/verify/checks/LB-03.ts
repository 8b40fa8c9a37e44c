// A single-stack LoadBalancer Service gets an address of its family and of no other: one that leads nowhere
// would be published all the same.
import type { LoadBalancerIngress } from '../../api/generated/types.ts'
import { services } from '../../api/resources/core/service.ts'
import type { IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck } from '../check.ts'
import {
  type Balancer,
  balancedService,
  familiesOfIngress,
  hasNoAddresses,
  hasOnlyNames,
  noBalancer,
  showIngress,
  waitForIngress,
} from '../loadbalancers.ts'
import { notConfigured } from '../trialservices.ts'
import { fail, pass, type Verdict } from '../verdict.ts'
import { findBalancer } from './LB-01.ts'

export function judgeSingle(
  ingress: readonly LoadBalancerIngress[],
  family: IPFamily,
  balancer: Balancer | undefined,
): Verdict {
  if (hasOnlyNames(ingress)) return hasNoAddresses(ingress)
  if (familiesOfIngress(ingress).join() === family) return pass(showIngress(ingress))
  const name = balancer?.name
  return fail({
    expected: {
      en: `${family} addresses only, since the Service is of ${family}`,
      ja: `Serviceが${family}であるため、${family}アドレスのみが割り当てられること`,
    },
    observed: showIngress(ingress),
    cause:
      ingress.length === 0
        ? {
            en: `${name ?? 'The load balancer'} has no ${family} addresses to give`,
            ja: `${name ?? 'ロードバランサー'}に割り当て可能な${family}アドレスがありません`,
          }
        : {
            en: `${name ?? 'The load balancer'} does not look at ipFamilies of the Service: clients get addresses behind which nothing answers`,
            ja: `${name ?? 'ロードバランサー'}がServiceのipFamiliesを考慮していません。応答しないアドレスがクライアントに公開されます`,
          },
    remedy: balancer?.remedy ?? noBalancer,
  })
}

async function tryFamily(context: CheckContext, family: IPFamily, balancer: Balancer | undefined) {
  const { workspace, mode } = context
  if (!mode.families.includes(family)) return notConfigured(family)
  const spec = { ipFamilyPolicy: 'SingleStack', ipFamilies: [family] }
  const made = await workspace.create(services, balancedService('LB-03', spec))
  const ingress = await waitForIngress(made, { ...context, balancer, families: [family] })
  await workspace.remove(services, made.metadata.name ?? '')
  return judgeSingle(ingress, family, balancer)
}

export const singleServicesGetTheirFamily = defineCheck({
  id: 'LB-03',
  title: {
    en: 'A single-stack LoadBalancer Service gets an address of its family only',
    ja: 'シングルスタックのLoadBalancer Serviceに、そのファミリーのアドレスのみが割り当てられる',
  },
  section: 'loadBalancer',
  severity: 'medium',
  profile: 'standard',
  needs: ['loadBalancer'],
  requires: ['LB-01'],
  timeoutMs: 120_000,
  async run(context) {
    const { families } = context
    const balancer = await findBalancer(context)
    const verdicts = await Promise.all(families.map(family => tryFamily(context, family, balancer)))
    return Object.fromEntries(families.map((family, index) => [family, verdicts[index]!]))
  },
})
