// The cluster's DNS answers by family: both types for a dual-stack Service, and for a Service of one family
// the other type is an empty answer (NODATA) at once, never an error: resolvers give up on those (RFC 2308).
import type { IPFamily } from '../../ip/family.ts'
import { otherFamily } from '../../ip/family.ts'
import { sortedAddresses } from '../addresslists.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { askWhetherDNS, dnsAnswers, noDNS, parseResolved, type Resolved, recordTypes } from '../dnsprobe.ts'
import { everyFamily } from '../familyverdicts.ts'
import { ofFamily } from '../nodefacts.ts'
import { createProbeService, usableFamilies } from '../probeservice.ts'
import { parseProbes } from '../traffic.ts'
import { clusterIPsOf } from '../trialservices.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

export interface AskedOfFamily {
  /** For the Service with all families. */
  readonly wanted: readonly string[]
  readonly resolved: Resolved
  /** For the Service that has only the other family; absent where there is no other. */
  readonly empty?: { readonly resolved: Resolved; readonly milliseconds: number }
}

const slowMs = 1500

export function judgeRecords({ wanted, resolved, empty }: AskedOfFamily, family: IPFamily): Verdict {
  const type = recordTypes[family]
  const seen = sortedAddresses(resolved.addresses).join(', ')
  if (seen !== sortedAddresses(wanted).join(', ')) {
    return fail({
      expected: { en: `${type} ${wanted.join(', ')}`, ja: `${type} ${wanted.join(', ')}` },
      observed: `${type}: ${seen || resolved.failure}`,
      cause: {
        en: `The DNS server does not answer ${type} for Services: it is too old, its configuration drops the type (CoreDNS: template, acl), or it reads only the first ClusterIP`,
        ja: `DNSサーバーがServiceの${type}に応答しません。バージョンが古いか、設定（CoreDNSのtemplateやacl）で破棄しているか、先頭のClusterIPだけを読んでいます`,
      },
      remedy: {
        en: `kubectl -n kube-system get configmap coredns -o yaml: remove what touches ${type}; use CoreDNS 1.8.4 or later and restart it.`,
        ja: `kubectl -n kube-system get configmap coredns -o yaml で${type}に影響する設定を取り除き、CoreDNS 1.8.4以降を使用して再起動してください。`,
      },
    })
  }
  if (!empty) return pass(`${type}: ${seen}`)
  const { failure, addresses } = empty.resolved
  const said = failure ?? addresses.join(', ')
  if (failure === 'NODATA' && empty.milliseconds < slowMs) {
    return pass(`${type}: ${seen}; of the other family only: NODATA after ${empty.milliseconds} ms`)
  }
  return fail({
    expected: {
      en: `${type} of a Service without ${family}: an empty answer at once`,
      ja: `${family}を持たないServiceの${type}には、即座に空の応答が返ること`,
    },
    observed: `${type}: ${said} after ${empty.milliseconds} ms`,
    cause: {
      en: 'The question is passed on to an upstream server, or a plugin answers it with an error; resolvers then wait or fail the whole name',
      ja: '問い合わせが上位サーバーに転送されているか、プラグインがエラーを返しています。この場合リゾルバーは待機するか、名前解決全体を失敗させます',
    },
    remedy: {
      en: 'In the CoreDNS configuration put "kubernetes CLUSTER-DOMAIN" before forward, without fallthrough for the cluster domain, and remove rewrites of the type.',
      ja: 'CoreDNSの設定で "kubernetes クラスタードメイン" をforwardより前に置き、クラスタードメインにfallthroughを使わず、レコードタイプの書き換えを取り除いてください。',
    },
  })
}

export const dnsAnswersEachFamily = defineCheck({
  id: 'DNS-01',
  title: {
    en: 'DNS answers A and AAAA by the families of a Service',
    ja: 'DNSがServiceのファミリーに応じてAとAAAAに応答する',
  },
  section: 'beyond',
  severity: 'high',
  profile: 'standard',
  needs: ['traffic'],
  requires: ['PRE-03', 'POD-01'],
  async run(context) {
    const { prober, workspace, signal } = context
    const [server] = await prober.servers()
    const families = usableFamilies(context)
    const selector = prober.serverLabels
    const service = await createProbeService(context, { families, selector })
    const namespace = await workspace.namespace()
    const singles = await Promise.all(
      (families.length > 1 ? families : []).map(async family => {
        const single = await createProbeService(context, { families: [otherFamily(family)], selector })
        const name = `"$(fqdn ${single.metadata.name} ${namespace})"`
        return `probe '${family} empty' resolve ${recordTypes[family]} ${name}`
      }),
    )
    const whole = families.map(
      family =>
        `probe ${family} until_ok 10 resolve ${recordTypes[family]} "$(fqdn ${service.metadata.name} ${namespace})"`,
    )
    const script = [askWhetherDNS, ...whole, 'wait', ...singles, 'settle'].join('\n')
    const { stdout } = await prober.run(script, { check: 'DNS-01', node: server!.node, signal })
    if (!dnsAnswers(stdout)) return everyFamily(families, noDNS)
    const probes = parseProbes(stdout)
    return forEachFamily(families, family => {
      const empty = probes.get(`${family} empty`)
      const asked = {
        wanted: ofFamily(clusterIPsOf(service), family),
        resolved: parseResolved(probes.get(family)?.output ?? ''),
      }
      if (!empty) return judgeRecords(asked, family)
      const { output, milliseconds } = empty
      return judgeRecords({ ...asked, empty: { resolved: parseResolved(output), milliseconds } }, family)
    })
  },
})
