// A dual-stack LoadBalancer Service gets an external address of each family. With PreferDualStack one is all
// that is promised, so it is a warning; with RequireDualStack it is an error.
import type { LoadBalancerIngress } from '../../api/generated/types.ts'
import { services } from '../../api/resources/core/service.ts'
import type { IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck, forEachFamily } from '../check.ts'
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
import { needsTwoFamilies } from '../trialservices.ts'
import { fail, pass, type Verdict, warn } from '../verdict.ts'
import { findBalancer } from './LB-01.ts'

export interface DualIngress {
  readonly preferred: readonly LoadBalancerIngress[]
  readonly required: readonly LoadBalancerIngress[]
}

export function judgeDual(
  { preferred, required }: DualIngress,
  family: IPFamily,
  balancer: Balancer | undefined,
): Verdict {
  if (hasOnlyNames(required) || hasOnlyNames(preferred)) return hasNoAddresses(required)
  const observed = `PreferDualStack: ${showIngress(preferred)}; RequireDualStack: ${showIngress(required)}`
  const hasPreferred = familiesOfIngress(preferred).includes(family)
  if (hasPreferred && familiesOfIngress(required).includes(family)) return pass(observed)
  return (hasPreferred || required.length > 0 || preferred.length === 0 ? fail : warn)({
    expected: {
      en: `an ${family} address in status.loadBalancer.ingress of a dual-stack Service`,
      ja: `デュアルスタックのServiceのstatus.loadBalancer.ingressに${family}アドレスがあること`,
    },
    observed,
    cause: {
      en: `${balancer?.name ?? 'The load balancer'} has no ${family} addresses to give, or handles one family only`,
      ja: `${balancer?.name ?? 'ロードバランサー'}に割り当て可能な${family}アドレスがないか、1つのファミリーにしか対応していません`,
    },
    remedy: balancer?.remedy ?? noBalancer,
  })
}

async function addressesOf(context: CheckContext, policy: string, balancer: Balancer | undefined) {
  const { workspace, mode } = context
  const made = await workspace.create(
    services,
    balancedService('LB-02', { ipFamilyPolicy: policy, ipFamilies: [...mode.families] }),
  )
  const ingress = await waitForIngress(made, { ...context, balancer, families: mode.families })
  await workspace.remove(services, made.metadata.name ?? '')
  return ingress
}

export const dualServicesGetBothAddresses = defineCheck({
  id: 'LB-02',
  title: {
    en: 'A dual-stack LoadBalancer Service gets an address per family',
    ja: 'デュアルスタックのLoadBalancer Serviceにファミリーごとのアドレスが割り当てられる',
  },
  section: 'loadBalancer',
  severity: 'high',
  profile: 'standard',
  needs: ['loadBalancer'],
  requires: ['LB-01'],
  timeoutMs: 120_000,
  async run(context) {
    const { mode, families } = context
    if (mode.families.length < 2) return needsTwoFamilies
    const balancer = await findBalancer(context)
    const [preferred, required] = await Promise.all([
      addressesOf(context, 'PreferDualStack', balancer),
      addressesOf(context, 'RequireDualStack', balancer),
    ])
    return forEachFamily(families, family => judgeDual({ preferred, required }, family, balancer))
  },
})
