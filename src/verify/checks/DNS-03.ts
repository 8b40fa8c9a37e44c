// A name outside of the cluster with addresses of a family in which Pods do not get out: programs that try
// that one first wait for nothing, or fail. Worse than having no such answer at all.
import type { IPFamily } from '../../ip/family.ts'
import { familyOf } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { nameOf } from '../nodefacts.ts'
import { parseProbes } from '../traffic.ts'
import { notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

/** Has addresses of both families and listens on 443; of whom the default egress targets are. */
const outsideName = 'one.one.one.one.'
const types: Readonly<Record<IPFamily, string>> = { IPv4: 'A', IPv6: 'AAAA' }

export interface OutsideName {
  readonly family: IPFamily
  /** Addresses, or NODATA, NXDOMAIN, TIMEOUT and the like. */
  readonly resolved: string
  /** What `tcp` said to the first address; empty when there was none. */
  readonly connected: string
}

const hasAddresses = ({ resolved, family }: OutsideName) =>
  resolved.split(/\s+/).some(address => familyOf(address) === family)

export function judgeOutsideName(seen: readonly OutsideName[], family: IPFamily): Verdict {
  const own = seen.find(each => each.family === family)
  const other = seen.find(each => each.family !== family)
  const none = seen.every(each => !hasAddresses(each))
  if (!own || none) {
    return notEvaluable({
      en: `The cluster DNS resolves no name outside of the cluster (${outsideName} ${own?.resolved ?? '-'})`,
      ja: `クラスターDNSがクラスター外部の名前を解決できません(${outsideName} ${own?.resolved ?? '-'})`,
    })
  }
  const said = `${outsideName} ${types[family]} ${own.resolved}`
  if (!hasAddresses(own)) return pass(`${said}: nobody is sent there`)
  if (own.connected.startsWith('connected')) return pass(`${said}: ${own.connected} ms`)
  if (!other?.connected.startsWith('connected')) {
    return notEvaluable({
      en: `No family gets out to ${outsideName}, so that a name with addresses of both delays nobody`,
      ja: `どのファミリーでも${outsideName}に到達できないため、遅延を判定できません`,
    })
  }
  const milliseconds = own.connected.split(' ')[1] ?? '?'
  return warn({
    expected: {
      en: `no ${types[family]} answers for names that Pods cannot reach over ${family}`,
      ja: `Podが${family}で到達できない名前に${types[family]}の応答が返らないこと`,
    },
    observed: `${said}: ${own.connected} ms; ${other.family}: ${other.connected} ms`,
    cause: {
      en: `Pods have no way out over ${family} (see EGR-01), but DNS gives them ${family} addresses: programs that try those first lose up to ${milliseconds} ms and more`,
      ja: `Podは${family}で外部に到達できませんが(EGR-01を参照)、DNSは${family}アドレスを返します。先にそのアドレスを試すプログラムでは、接続が${milliseconds}ミリ秒以上遅れます`,
    },
    remedy: {
      en: `Give Pods a way out over ${family} (masquerading, NAT64), or let CoreDNS leave such answers out: template IN ${types[family]} . { rcode NOERROR } after the kubernetes plugin.`,
      ja: `Podが${family}で外部に到達できるようにするか(マスカレード、NAT64)、CoreDNSのkubernetesプラグインの後にtemplate IN ${types[family]} . { rcode NOERROR }を追加して応答を除外してください。`,
    },
  })
}

const script = (families: readonly IPFamily[]) => `
look() {
  found=$(resolve "$1" ${outsideName})
  first=$(echo "$found" | head -n 1)
  case $first in *.*|*:*) said=$(tcp "$first" 443 3) ;; *) said= ;; esac
  echo "$found|$said"
}
${families.map(family => `probe ${family} look ${types[family]}`).join('\n')}
settle
`

const everyFamily: readonly IPFamily[] = ['IPv4', 'IPv6']

export const outsideNamesAreReachable = defineCheck({
  id: 'DNS-03',
  title: {
    en: 'Names outside have addresses only of families that get there',
    ja: '外部の名前が、到達可能なファミリーのアドレスにのみ解決される',
  },
  section: 'beyond',
  severity: 'medium',
  profile: 'full',
  needs: ['egress'],
  async run({ prober, inventory, families, signal }) {
    const [node] = await inventory.sampledNodes()
    const options = { check: 'DNS-03', node: node ? nameOf(node) : '', signal }
    const probes = parseProbes((await prober.run(script(everyFamily), options)).stdout)
    const seen = everyFamily.map(family => {
      const [resolved = '', connected = ''] = (probes.get(family)?.output ?? '').split('|')
      return { family, resolved: resolved.trim(), connected: connected.trim() }
    })
    return forEachFamily(families, family => judgeOutsideName(seen, family))
  },
})
