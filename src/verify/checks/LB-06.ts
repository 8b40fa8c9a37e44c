// externalTrafficPolicy Local keeps the client's address, in each family, and its health check port answers
// on the nodes that have a backend: the balancer's way of knowing where to send.
import { services } from '../../api/resources/core/service.ts'
import type { IPFamily } from '../../ip/family.ts'
import { clientAddress } from '../addresslists.ts'
import { addressesOfIngress, noAddressOf } from '../balancedtraffic.ts'
import { type CheckContext, defineCheck, forEachFamily } from '../check.ts'
import { waitForIngress } from '../loadbalancers.ts'
import { internalIPsOf, nameOf, ofFamily } from '../nodefacts.ts'
import { createProbeService, servicePorts, usableFamilies } from '../probeservice.ts'
import { httpURL, type ProbeLine, parseProbes } from '../traffic.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'
import { findBalancer } from './LB-01.ts'

export interface LocalTraffic {
  /** What the backend took for the client, by external address. */
  readonly clients: readonly { readonly to: string; readonly family: IPFamily; readonly seen: string }[]
  /** Of the asking Pod and its node: who asks may be known by either. */
  readonly own: readonly string[]
  readonly health: readonly { readonly to: string; readonly family: IPFamily; readonly answer: string }[]
}

export function judgeLocalTraffic({ clients, own, health }: LocalTraffic, family: IPFamily): Verdict {
  const asked = clients.filter(client => client.family === family)
  if (asked.length === 0) return noAddressOf(family, [])
  const silent = asked.filter(({ seen }) => clientAddress(seen) === undefined)
  if (silent.length === asked.length) {
    return notEvaluable({
      en: `The external ${family} address did not answer (see LB-04)`,
      ja: `${family}の外部アドレスが応答しません（LB-04を参照）`,
    })
  }
  const changed = asked.filter(({ seen }) => {
    const address = clientAddress(seen)
    return address !== undefined && !own.includes(address)
  })
  if (changed.length > 0) {
    return fail({
      expected: {
        en: `the backend sees the client's own ${family} address (${ofFamily(own, family).join(', ')})`,
        ja: `バックエンドにクライアント自身の${family}アドレス（${ofFamily(own, family).join(', ')}）が見えること`,
      },
      observed: changed.map(({ to, seen }) => `${to}: ${seen}`).join('; '),
      cause: {
        en: `The load balancer, the proxy or the network plugin rewrites the source address of ${family}`,
        ja: `ロードバランサー、プロキシー、またはCNIプラグインが${family}の送信元アドレスを書き換えています`,
      },
      remedy: {
        en: 'Turn masquerading of traffic to Services off in the network plugin for this family, use a balancer that passes packets through (or PROXY protocol), and upgrade kube-proxy.',
        ja: 'このファミリーについて、CNIプラグインのService宛てマスカレードを無効にし、パケットをそのまま通す（またはPROXYプロトコルを使う）ロードバランサーを使用し、kube-proxyをアップグレードしてください。',
      },
    })
  }
  const dead = health.filter(each => each.family === family && !each.answer.includes('localEndpoints'))
  if (dead.length > 0) {
    return fail({
      expected: {
        en: `the health check port answers on the node's ${family} address`,
        ja: `ノードの${family}アドレスでヘルスチェックポートが応答すること`,
      },
      observed: dead.map(({ to, answer }) => `${to}: ${answer}`).join('; '),
      cause: {
        en: 'kube-proxy serves the port in one family only (both listeners wanted the same port before 1.22)',
        ja: 'kube-proxyが一方のファミリーだけでポートを提供しています（1.22より前は両方のリスナーが同じポートを取り合います）',
      },
      remedy: {
        en: 'Upgrade kube-proxy, and set its nodePortAddresses so that it covers both families.',
        ja: 'kube-proxyをアップグレードし、nodePortAddressesが両方のファミリーを含むように設定してください。',
      },
    })
  }
  return pass(asked.map(({ to, seen }) => `${to}: client ${seen}`).join('; '))
}

async function localService(context: CheckContext) {
  const { workspace, prober } = context
  const families = usableFamilies(context)
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }
  const made = await createProbeService(context, {
    families,
    selector: prober.serverLabels,
    spec,
    onlyTCP: true,
  })
  const balancer = await findBalancer(context)
  const ingress = await waitForIngress(made, { ...context, balancer, families })
  const service = await context.client.get(services, {
    namespace: await workspace.namespace(),
    name: made.metadata.name ?? '',
  })
  return { addresses: addressesOfIngress(ingress), healthPort: service.spec?.healthCheckNodePort ?? 0 }
}

export const clientAddressIsKept = defineCheck({
  id: 'LB-06',
  title: {
    en: "externalTrafficPolicy Local keeps the client's address",
    ja: 'externalTrafficPolicy: Localでクライアントのアドレスが保持される',
  },
  section: 'loadBalancer',
  severity: 'medium',
  profile: 'standard',
  needs: ['traffic', 'loadBalancer'],
  requires: ['LB-01', 'LB-04'],
  async run(context) {
    const { prober, inventory, signal } = context
    const families = usableFamilies(context)
    const node = (await inventory.sampledNodes())[0]!
    await prober.servers()
    const { addresses, healthPort } = await localService(context)
    const own = internalIPsOf(node)
    const lines = [
      ...addresses.map(
        address =>
          `probe 'client ${address}' until_ok 15 http "${httpURL(address, servicePorts.http, '')}$CLIENTIP"`,
      ),
      ...own.map(address => `probe 'health ${address}' http ${httpURL(address, healthPort, '/healthz')}`),
    ]
    const script = `${lines.join('\n')}\nsettle`
    const { stdout, podIPs } = await prober.run(script, { check: 'LB-06', node: nameOf(node), signal })
    const probes = parseProbes(stdout)
    const said = (probe: ProbeLine | undefined) => probe?.output ?? 'no answer'
    const traffic: LocalTraffic = {
      own: [...podIPs, ...own],
      clients: families.flatMap(family =>
        ofFamily(addresses, family).map(to => ({ to, family, seen: said(probes.get(`client ${to}`)) })),
      ),
      health: families.flatMap(family =>
        ofFamily(own, family).map(to => ({ to, family, answer: said(probes.get(`health ${to}`)) })),
      ),
    }
    return forEachFamily(families, family => judgeLocalTraffic(traffic, family))
  },
})
