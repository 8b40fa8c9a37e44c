// Session affinity by client address keeps a client on one backend, in each family.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { parseGathered } from '../clusteriptraffic.ts'
import { ofFamily } from '../nodefacts.ts'
import { createProbeService, servicePorts, usableFamilies } from '../probeservice.ts'
import { httpURL, type ProbeLine, parseProbes } from '../traffic.ts'
import { clusterIPsOf } from '../trialservices.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

const tries = 12

export function judgeAffinity(probe: ProbeLine | undefined, family: IPFamily): Verdict {
  const backends = parseGathered(probe)
  if (backends.length === 1) return pass(`${tries} connections, all to ${backends[0]}`)
  if (backends.length === 0) {
    return notEvaluable({
      en: 'The Service did not answer (see SVC-07)',
      ja: 'Serviceが応答しません（SVC-07を参照）',
    })
  }
  return fail({
    expected: {
      en: 'connections of one client lead to one backend',
      ja: '1つのクライアントからの接続が1つのバックエンドに届くこと',
    },
    observed: `${tries} connections, to ${backends.join(', ')}`,
    cause: {
      en: `The proxy does not keep affinity in its ${family} rules`,
      ja: `プロキシーが${family}のルールでアフィニティーを維持していません`,
    },
    remedy: {
      en: `Compare the rules of both families on that node (iptables: -m recent needs the xt_recent module; nftables: sets with timeout), and upgrade the proxy.`,
      ja: `該当ノードで両ファミリーのルールを比較し（iptables: -m recentにはxt_recentモジュールが必要、nftables: timeout付きのset）、プロキシーをアップグレードしてください。`,
    },
  })
}

export const affinityIsKept = defineCheck({
  id: 'SVC-15',
  title: { en: 'Session affinity keeps a client on one backend', ja: 'セッションアフィニティーが維持される' },
  section: 'services',
  severity: 'low',
  profile: 'standard',
  needs: ['traffic'],
  requires: ['SVC-07'],
  async run(context) {
    const { prober, signal } = context
    const servers = await prober.servers()
    const families = usableFamilies(context)
    if (servers.length < 2) {
      return notEvaluable({
        en: 'With one node there is one backend: nothing to tell apart',
        ja: 'ノードが1台のためバックエンドも1つで、区別できません',
      })
    }
    const spec = { sessionAffinity: 'ClientIP' }
    const service = await createProbeService(context, { families, selector: prober.serverLabels, spec })
    const lines = families.flatMap(family =>
      ofFamily(clusterIPsOf(service), family).map(address => {
        const url = httpURL(address, servicePorts.http, '/hostname')
        return `until_ok 15 http ${url} >/dev/null; sleep 1; probe ${family} gather 2 ${tries} http ${url}`
      }),
    )
    const script = `${lines.join('\n')}\nsettle`
    const { stdout } = await prober.run(script, { check: 'SVC-15', node: servers[0]!.node, signal })
    const probes = parseProbes(stdout)
    return forEachFamily(families, family => judgeAffinity(probes.get(family), family))
  },
})
