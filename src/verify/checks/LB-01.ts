// The page's last Service: LoadBalancer, PreferDualStack, `ipFamilies: [IPv6]`. Its first ClusterIP is IPv6,
// and somebody gives it an external address. On a single-stack cluster the family there is takes its place.
import { services } from '../../api/resources/core/service.ts'
import type { IPFamilies, IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck } from '../check.ts'
import {
  type Balancer,
  balancedService,
  detectBalancer,
  noBalancer,
  showIngress,
  waitForIngress,
} from '../loadbalancers.ts'
import {
  attemptCreate,
  compareRanges,
  isAsWanted,
  rewritten,
  showAttempt,
  showService,
  wantedText,
} from '../trialservices.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

/** What the page asks for first. */
const pageFamily: IPFamily = 'IPv6'

const pageOrder = (families: IPFamilies): IPFamilies =>
  [...families].sort((a, b) => Number(b === pageFamily) - Number(a === pageFamily))

export async function findBalancer({ inventory, version }: CheckContext): Promise<Balancer | undefined> {
  const [pods, nodes, all] = await Promise.all([inventory.pods(), inventory.nodes(), inventory.services()])
  return detectBalancer({ pods, nodes, services: all, gitVersion: version.gitVersion })
}

const withoutAddress = (service: string, balancer: Balancer | undefined): Verdict =>
  fail({
    expected: {
      en: 'an address in status.loadBalancer.ingress',
      ja: 'status.loadBalancer.ingressにアドレスが設定されること',
    },
    observed: `${service}; EXTERNAL-IP <pending>`,
    cause: balancer
      ? {
          en: `${balancer.name} gave the Service no address: it does not run, has no pool for these families, or the pool is empty`,
          ja: `${balancer.name}がアドレスを割り当てませんでした。動作していないか、これらのファミリーのプールがないか、プールが空です`,
        }
      : {
          en: 'No load balancer for Services runs in this cluster (none was recognised, and none answered)',
          ja: 'このクラスターではServiceのロードバランサーが動作していません(検出されず、応答もありませんでした)',
        },
    remedy: balancer?.remedy ?? noBalancer,
  })

export const balancedServiceGetsAddress = defineCheck({
  id: 'LB-01',
  title: {
    en: 'A LoadBalancer Service with IPv6 first gets an external address',
    ja: 'IPv6を先頭にしたLoadBalancer Serviceに外部アドレスが割り当てられる',
  },
  section: 'loadBalancer',
  severity: 'high',
  profile: 'standard',
  needs: ['loadBalancer'],
  timeoutMs: 120_000,
  async run(context) {
    const { workspace, mode, progress } = context
    const families = pageOrder(mode.families)
    const wanted = { policy: 'PreferDualStack', families }
    const spec = { ipFamilyPolicy: wanted.policy, ipFamilies: families.slice(0, 1) }
    const [attempted, balancer] = await Promise.all([
      attemptCreate(workspace, balancedService('LB-01', spec)),
      findBalancer(context),
    ])
    if (!('made' in attempted) || !isAsWanted(attempted, wanted)) {
      return fail({
        expected: wantedText(wanted),
        observed: showAttempt(attempted),
        cause: rewritten,
        remedy: compareRanges,
      })
    }
    progress({ en: 'waiting for an external address', ja: '外部アドレスを待機しています' })
    const ingress = await waitForIngress(attempted.made, {
      ...context,
      balancer,
      families: families.slice(0, 1),
    })
    await workspace.remove(services, attempted.made.metadata.name ?? '')
    const seen = showService(attempted.made)
    return ingress.length === 0 ? withoutAddress(seen, balancer) : pass(`${seen}; ${showIngress(ingress)}`)
  },
})
