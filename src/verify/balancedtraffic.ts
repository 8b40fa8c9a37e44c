// A LoadBalancer Service in front of the probe servers, made once for all checks that send to its external
// addresses: balancers of clouds take minutes.
import type { LoadBalancerIngress } from '../api/generated/types.ts'
import { familyOf, type IPFamily } from '../ip/family.ts'
import type { CheckContext } from './check.ts'
import { findBalancer } from './checks/LB-01.ts'
import { waitForIngress } from './loadbalancers.ts'
import type { Prober } from './prober.ts'
import { createProbeService, usableFamilies } from './probeservice.ts'
import { type Finding, notEvaluable, type Verdict } from './verdict.ts'

export interface BalancedService {
  readonly addresses: readonly string[]
  /** Of balancers without addresses of their own. */
  readonly names: readonly string[]
}

export const addressesOfIngress = (ingress: readonly LoadBalancerIngress[]): readonly string[] =>
  ingress.flatMap(({ ip }) => (ip !== undefined && familyOf(ip) ? [ip] : []))

const made = new WeakMap<Prober, Promise<BalancedService>>()

async function makeBalancedService(context: CheckContext): Promise<BalancedService> {
  const families = usableFamilies(context)
  await context.prober.servers()
  const service = await createProbeService(context, {
    families,
    selector: context.prober.serverLabels,
    spec: { type: 'LoadBalancer' },
    onlyTCP: true,
  })
  const ingress = await waitForIngress(service, {
    ...context,
    balancer: await findBalancer(context),
    families,
  })
  return {
    addresses: addressesOfIngress(ingress),
    names: ingress.flatMap(({ hostname, ip }) => (hostname && !ip ? [hostname] : [])),
  }
}

/** One for each run. */
export function shareBalancedService(context: CheckContext): Promise<BalancedService> {
  let known = made.get(context.prober)
  if (!known) {
    known = makeBalancedService(context)
    made.set(context.prober, known)
  }
  return known
}

export const noAddressOf = (family: IPFamily, names: readonly string[]): Verdict =>
  names.length > 0
    ? notEvaluable({
        en: `The balancer has a name only (${names.join(', ')}), see LB-07`,
        ja: `ロードバランサーには名前しかありません（${names.join(', ')}）。LB-07を参照してください`,
      })
    : notEvaluable({
        en: `The Service got no external ${family} address (see LB-02)`,
        ja: `Serviceに${family}の外部アドレスが割り当てられませんでした（LB-02を参照）`,
      })

export const noFamilyHere = (family: IPFamily): Verdict =>
  notEvaluable({
    en: `This machine has no ${family}, so it cannot tell`,
    ja: `このマシンには${family}がないため、判定できません`,
  })

export const balancerFinding = (family: IPFamily): Omit<Finding, 'observed'> => ({
  expected: {
    en: `the external ${family} address answers`,
    ja: `${family}の外部アドレスが応答すること`,
  },
  cause: {
    en: `Nobody announces the ${family} address (L2: ARP or neighbour discovery; BGP: the session has no ${family}), a firewall drops it, or the proxy has no rule for it`,
    ja: `${family}アドレスが広告されていない（L2: ARPまたは近隣探索、BGP: セッションに${family}がない）か、ファイアウォールが破棄しているか、プロキシーにルールがありません`,
  },
  remedy: {
    en: `Look at the balancer's log for the address; from the asking side: ip neighbour show, and a route to the ${family} pool; allow the Service's port for ${family}.`,
    ja: `ロードバランサーのログでアドレスを確認し、接続元で ip neighbour show と${family}プールへのルートを確認して、Serviceのポートへの${family}を許可してください。`,
  },
})
