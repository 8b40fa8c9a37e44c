// The nameservers of a Pod's resolv.conf answer over UDP and over TCP. One family of nameservers is fine;
// that it is not the cluster's primary one is only worth a note.
import type { IPFamilies } from '../../ip/family.ts'
import { defineCheck } from '../check.ts'
import { dnsService } from '../dnsprobe.ts'
import { everyFamily } from '../familyverdicts.ts'
import { familiesOf, listSome, nameOf } from '../nodefacts.ts'
import { parseProbes } from '../traffic.ts'
import { clusterIPsOf } from '../trialservices.ts'
import { type FamilyVerdicts, fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

const script = `
name=$(fqdn kubernetes default)
ask() {
  answer=$(resolve A "$name" "$1" | head -n 1); echo "$answer"
  case $answer in TIMEOUT|REFUSED|NXDOMAIN) return 1 ;; esac
}
for server in $(sed -n 's/^nameserver[[:space:]]*//p' /etc/resolv.conf); do
  probe "$server UDP" ask "$server"
  probe "$server TCP" tcp "$server" 53 2
done
settle
`

export interface NameserverAttempt {
  readonly node: string
  readonly server: string
  readonly protocol: string
  readonly isAnswered: boolean
  readonly said: string
}

const show = ({ node, server, protocol, said }: NameserverAttempt) =>
  `${node} -> ${server} ${protocol}: ${said}`

export interface DNSFacts {
  readonly attempts: readonly NameserverAttempt[]
  /** ClusterIPs of kube-system/kube-dns; undefined: there is no such Service. */
  readonly service: readonly string[] | undefined
  readonly primary: string | undefined
}

export function judgeNameservers({ attempts, service, primary }: DNSFacts): Verdict {
  const servers = [...new Set(attempts.map(({ server }) => server))]
  const failed = attempts.filter(({ isAnswered }) => !isAnswered)
  const asked = attempts.filter(({ protocol }) => protocol === 'UDP')
  if (service === undefined && asked.every(({ isAnswered }) => !isAnswered)) {
    const said = listSome(asked.map(({ server, said }) => `${server}: ${said}`)) || '(no nameserver)'
    return notEvaluable({
      en: `No DNS of this cluster answers: there is no Service kube-system/kube-dns, and the API server's name gives ${said}`,
      ja: `このクラスターのDNSが応答しません。Service kube-system/kube-dns がなく、APIサーバーの名前を問い合わせた結果は ${said} です`,
    })
  }
  if (failed.length === 0) {
    const families = familiesOf(servers)
    const note = families.includes(primary as IPFamilies[number]) ? '' : ` (the primary family is ${primary})`
    return pass(
      `${servers.join(', ')}: answers over UDP and TCP from every node, ${families.join(', ')}${note}`,
    )
  }
  return fail({
    expected: {
      en: 'every nameserver of resolv.conf answers over UDP and TCP from every node',
      ja: 'resolv.confのすべてのnameserverが、すべてのノードからUDPとTCPで応答すること',
    },
    observed: listSome(failed.map(show), '; '),
    cause: {
      en: 'The kubelet hands out an address that the DNS Service does not have (of the other family, or of an earlier range), or the DNS Pods do not listen in its family',
      ja: 'kubeletが配布するアドレスをDNS Serviceが持っていない（別のファミリーや以前の範囲）か、DNSのPodがそのファミリーで待ち受けていません',
    },
    remedy: {
      en: `Compare kubectl -n kube-system get service kube-dns -o jsonpath='{.spec.clusterIPs}' (${service?.join(', ') ?? 'no such Service'}) with the kubelet's clusterDNS, and restart the kubelet and the Pods after a change.`,
      ja: `kubectl -n kube-system get service kube-dns -o jsonpath='{.spec.clusterIPs}'（${service?.join(', ') ?? 'Serviceなし'}）とkubeletのclusterDNSを比較し、変更後はkubeletとPodを再起動してください。`,
    },
  })
}

export const nameserversAnswer = defineCheck({
  id: 'DNS-02',
  title: {
    en: 'The nameservers of Pods answer over UDP and TCP',
    ja: 'PodのネームサーバーがUDPとTCPで応答する',
  },
  section: 'beyond',
  severity: 'medium',
  profile: 'standard',
  needs: ['traffic'],
  requires: ['POD-01'],
  async run(context): Promise<FamilyVerdicts> {
    const { prober, inventory, families, mode, signal } = context
    const nodes = await inventory.sampledNodes()
    const attempts = await Promise.all(
      nodes.map(async node => {
        const { stdout } = await prober.run(script, { check: 'DNS-02', node: nameOf(node), signal })
        return [...parseProbes(stdout)].map(([key, { code, output }]): NameserverAttempt => {
          const [server = '', protocol = ''] = key.split(' ')
          return { node: nameOf(node), server, protocol, isAnswered: code === 0, said: output }
        })
      }),
    )
    const service = await dnsService(context)
    const facts = {
      attempts: attempts.flat(),
      service: service && clusterIPsOf(service),
      primary: mode.families[0],
    }
    const verdict = judgeNameservers(facts)
    const own = familiesOf(facts.attempts.map(({ server }) => server))
    const other = notEvaluable({
      en: `The nameservers are of ${own.join(', ')} only, which is fine`,
      ja: `ネームサーバーは${own.join(', ')}のみです（問題ありません）`,
    })
    return { ...everyFamily(families, other), ...everyFamily(own.length > 0 ? own : families, verdict) }
  },
})
