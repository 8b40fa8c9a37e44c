// A Service of one family does not answer in the other one, and says so at once: a NodePort that accepts
// connections of the other family and then hangs defeats every client's fallback.
import { familyOf, type IPFamily, otherFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { internalIPsOf, listSome, nameOf, ofFamily } from '../nodefacts.ts'
import { createProbeService, usableFamilies } from '../probeservice.ts'
import { parseProbes } from '../traffic.ts'
import { needsTwoFamilies } from '../trialservices.ts'
import { fail, notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

/** How a connection in the other family went: `tcp` of the prelude. */
export interface OtherFamilyAttempt {
  readonly to: string
  /** Of the Service. */
  readonly family: IPFamily
  readonly said: 'connected' | 'refused' | 'timeout'
  readonly milliseconds: number
}

const fastMs = 1500

const show = ({ to, said, milliseconds }: OtherFamilyAttempt) => `${to}: ${said} after ${milliseconds} ms`

/** The verdict is about the family in which the Service must not answer. */
export function judgeOtherFamily(attempts: readonly OtherFamilyAttempt[], family: IPFamily): Verdict {
  const own = attempts.filter(attempt => otherFamily(attempt.family) === family)
  if (own.length === 0) {
    return notEvaluable({
      en: `No node has an ${family} InternalIP to try it on`,
      ja: `試行できる${family} InternalIPを持つノードがありません`,
    })
  }
  const expected = {
    en: `a connection over ${family} to a Service of the other family is refused at once`,
    ja: `別ファミリーのServiceへの${family}での接続が即座に拒否されること`,
  }
  const accepted = own.filter(({ said }) => said === 'connected')
  if (accepted.length > 0) {
    return fail({
      expected,
      observed: listSome(accepted.map(show), '; '),
      cause: {
        en: `The proxy holds a socket for the NodePort that takes ${family} as well and then does not answer (kube-proxy before 1.23)`,
        ja: `プロキシーがNodePort用に保持するソケットが${family}も受け付け、その後応答しません（1.23より前のkube-proxy）`,
      },
      remedy: {
        en: 'Upgrade kube-proxy to 1.23 or later, which holds no such sockets, or make the Service PreferDualStack.',
        ja: 'そのようなソケットを保持しないkube-proxy 1.23以降にアップグレードするか、ServiceをPreferDualStackにしてください。',
      },
    })
  }
  const slow = own.filter(({ said, milliseconds }) => said === 'timeout' || milliseconds > fastMs)
  if (slow.length === 0) return pass(listSome(own.map(show), '; '))
  return warn({
    expected,
    observed: listSome(slow.map(show), '; '),
    cause: {
      en: `A firewall on the node drops ${family} to this port instead of refusing it, so that clients wait`,
      ja: `ノードのファイアウォールがこのポートへの${family}を拒否せずに破棄するため、クライアントが待たされます`,
    },
    remedy: {
      en: 'Let the firewall reject (tcp reset) rather than drop connections from inside the cluster, or make such Services PreferDualStack.',
      ja: 'クラスター内部からの接続は破棄ではなく拒否（tcp reset）するか、該当するServiceをPreferDualStackにしてください。',
    },
  })
}

export const otherFamilyIsRefused = defineCheck({
  id: 'SVC-13',
  title: {
    en: 'A Service of one family refuses the other one at once',
    ja: '単一ファミリーのServiceがもう一方のファミリーを即座に拒否する',
  },
  section: 'services',
  severity: 'medium',
  profile: 'standard',
  needs: ['traffic', 'nodePort'],
  requires: ['SVC-07'],
  async run(context) {
    const { prober, inventory, mode, signal } = context
    if (mode.families.length < 2) return needsTwoFamilies
    const servers = await prober.servers()
    const nodes = await inventory.sampledNodes()
    const target = nodes.find(node => nameOf(node) !== servers[0]?.node) ?? nodes[0]!
    const targets = await Promise.all(
      usableFamilies(context).map(async family => {
        const options = { families: [family], selector: prober.serverLabels, spec: { type: 'NodePort' } }
        const service = await createProbeService(context, options)
        const port = service.spec?.ports?.find(({ name }) => name === 'http')?.nodePort ?? 0
        const addresses = internalIPsOf(target)
        return {
          own: ofFamily(addresses, family)[0],
          others: ofFamily(addresses, otherFamily(family)),
          family,
          port,
        }
      }),
    )
    const lines = targets.flatMap(({ own, others, port }) => [
      ...(own ? [`until_ok 15 tcp ${own} ${port} >/dev/null`] : []),
      ...others.map(address => `probe '${address} ${port}' tcp ${address} ${port}`),
    ])
    const script = `${lines.join('\n')}\nsettle`
    const { stdout } = await prober.run(script, { check: 'SVC-13', node: servers[0]!.node, signal })
    const attempts = [...parseProbes(stdout)].map(([key, { output }]): OtherFamilyAttempt => {
      const [address = '', port = ''] = key.split(' ')
      const [said, milliseconds] = output.split(' ')
      const to = `${nameOf(target)} ${address} port ${port}`
      const family = otherFamily(familyOf(address) ?? '')
      return { to, family, said: said as OtherFamilyAttempt['said'], milliseconds: Number(milliseconds) }
    })
    return forEachFamily(usableFamilies(context), family => judgeOtherFamily(attempts, family))
  },
})
