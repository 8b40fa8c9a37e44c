// What a connection by name costs: with both families working as much as with the faster one. Where one is
// broken, "happy eyeballs" (RFC 8305) hides it behind a delay, or a program without it behind a timeout.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck } from '../check.ts'
import { nameOf, ofFamily } from '../nodefacts.ts'
import { createProbeService, usableFamilies } from '../probeservice.ts'
import { httpURL, type ProbeLine, parseProbes } from '../traffic.ts'
import { clusterIPsOf, needsTwoFamilies } from '../trialservices.ts'
import { notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

export interface Timed {
  readonly byName: ProbeLine | undefined
  readonly byAddress: Readonly<Partial<Record<IPFamily, ProbeLine>>>
  readonly hasDNS: boolean
}

/** The delay before the other family is tried is 250 ms (RFC 8305, section 5). */
const patienceMs = 250

const show = (name: string, line: ProbeLine | undefined) =>
  `${name} ${line?.code === 0 ? `${line.milliseconds} ms` : 'failed'}`

export function judgeTimes({ byName, byAddress, hasDNS }: Timed): Verdict {
  const evidence = [
    show('by name', byName),
    ...Object.entries(byAddress).map(([family, line]) => show(family, line)),
  ].join(', ')
  if (!hasDNS) {
    return notEvaluable({
      en: `Names of Services do not resolve in Pods (see DNS-01): ${evidence}`,
      ja: `PodでServiceの名前を解決できません(DNS-01を参照): ${evidence}`,
    })
  }
  const working = Object.values(byAddress).filter(line => line.code === 0)
  const best = Math.min(...working.map(line => line.milliseconds))
  if (byName?.code === 0 && byName.milliseconds < best + patienceMs) return pass(evidence)
  return warn({
    expected: {
      en: 'a connection by name that is as fast as the faster family',
      ja: '名前による接続が、速いほうのファミリーと同程度に速いこと',
    },
    observed: evidence,
    cause: {
      en: 'One family is broken or slow, and programs find out by waiting; or the cluster DNS answers slowly',
      ja: '一方のファミリーが使用できないか遅く、プログラムがタイムアウトまで待機しています。またはクラスターDNSの応答が遅くなっています',
    },
    remedy: {
      en: 'Mend the family that SVC-07 says is broken, or take it away from the Services in question (ipFamilyPolicy: SingleStack); for slow names see DNS-01 and DNS-02.',
      ja: 'SVC-07で失敗しているファミリーを修正するか、該当するServiceから外してください(ipFamilyPolicy: SingleStack)。名前解決が遅い場合は、DNS-01とDNS-02を参照してください。',
    },
  })
}

export const namesConnectFast = defineCheck({
  id: 'WRK-03',
  title: {
    en: 'Connecting by name costs no more than connecting by address',
    ja: '名前による接続がアドレスによる接続より遅くならない',
  },
  section: 'beyond',
  severity: 'low',
  profile: 'full',
  needs: ['traffic'],
  async run(context) {
    const { prober, workspace, signal } = context
    const families = usableFamilies(context)
    if (families.length < 2) return needsTwoFamilies
    const [server] = await prober.servers()
    const service = await createProbeService(context, { families, selector: prober.serverLabels })
    const addresses = clusterIPsOf(service)
    const url = (host: string) => `'${httpURL(host, 80, '/hostname')}'`
    const byAddress = families.map(
      family => `probe ${family} http ${url(ofFamily(addresses, family)[0] ?? '')} 5`,
    )
    const host = `${nameOf(service)}.${await workspace.namespace()}.svc`
    const script = [
      `until_ok 5 http ${url(addresses[0] ?? '')} 2 >/dev/null`,
      `probe dns resolve A "$(fqdn ${nameOf(service)} ${await workspace.namespace()})"`,
      'settle',
      ...byAddress,
      `probe name http ${url(host)} 5`,
      'settle',
    ].join('\n')
    const { stdout } = await prober.run(script, { check: 'WRK-03', node: server?.node ?? '', signal })
    const probes = parseProbes(stdout)
    return judgeTimes({
      byName: probes.get('name'),
      byAddress: Object.fromEntries(families.map(family => [family, probes.get(family)!])),
      hasDNS: probes.get('dns')?.code === 0,
    })
  },
})
