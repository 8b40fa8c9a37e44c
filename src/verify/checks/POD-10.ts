// Large payloads across nodes: 2,000 bytes in one datagram, 100 kB over TCP, both ways, in each family. On
// IPv6 only the sender fragments, so a path that loses "packet too big" (RFC 8201) breaks here and nowhere
// else.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { packetTooBig } from '../familywords.ts'
import { listSome, ofFamily } from '../nodefacts.ts'
import type { ProbeServer } from '../prober.ts'
import { nodePairs } from '../probeservice.ts'
import { httpURL, type Protocol, parseProbes } from '../traffic.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

/** Bytes; datagrams with their headers are around common MTUs. */
const sizes: Readonly<Record<Protocol, readonly number[]>> = {
  UDP: [1000, 1200, 1300, 1400, 1440, 1600, 2000],
  TCP: [1000, 10_000, 100_000],
}

const functions = `
large_TCP() { answer=$(large "$1" "$2" 5); [ "\${#answer}" = "$2" ]; }
large_UDP() {
  answer=$(udp "$1" "$2" "echo $(text "$3")" 2)
  if [ "$?" = 3 ]; then echo "$answer"; fi
  [ "\${#answer}" = "$3" ]
}
`

export interface LargePayload {
  readonly from: string
  readonly to: string
  readonly family: IPFamily
  readonly protocol: Protocol
  readonly bytes: number
  readonly outcome: 'arrived' | 'lost' | 'notTried'
}

/** For each way: the largest that arrived and the smallest that did not. */
function limitsOf(payloads: readonly LargePayload[]): string[] {
  const ways = new Map<string, LargePayload[]>()
  for (const payload of payloads) {
    const way = `${payload.from} -> ${payload.to} ${payload.protocol}`
    ways.set(way, [...(ways.get(way) ?? []), payload])
  }
  return [...ways].flatMap(([way, list]) => {
    const lost = list.filter(({ outcome }) => outcome === 'lost').map(({ bytes }) => bytes)
    if (lost.length === 0) return []
    const arrived = list.filter(({ outcome }) => outcome === 'arrived').map(({ bytes }) => bytes)
    return [
      `${way}: ${arrived.length > 0 ? `${Math.max(...arrived)} bytes arrive, ` : ''}${Math.min(...lost)} do not`,
    ]
  })
}

export function judgePayloads(payloads: readonly LargePayload[], family: IPFamily): Verdict {
  const own = payloads.filter(payload => payload.family === family)
  const tried = own.filter(({ outcome }) => outcome !== 'notTried')
  if (tried.length === 0) {
    return notEvaluable({
      en: 'There are no two nodes to send between',
      ja: '通信に使える2台のノードがありません',
    })
  }
  const limits = limitsOf(tried)
  const largest = (['UDP', 'TCP'] as const).flatMap(protocol => {
    const bytes = tried.filter(each => each.protocol === protocol).map(each => each.bytes)
    return bytes.length > 0
      ? [`${protocol} ${Math.max(...bytes)} bytes`]
      : [`${protocol} not tried (no tool)`]
  })
  if (limits.length === 0) return pass(`${largest.join(', ')}, both ways`)
  return fail({
    expected: {
      en: '2,000 bytes over UDP and 100 kB over TCP',
      ja: 'UDPで2,000バイト、TCPで100 kBが届くこと',
    },
    observed: listSome(limits, '; '),
    cause: {
      en: `The path between nodes carries less than the Pods' MTU says, and ${packetTooBig[family]} or fragments are dropped on the way`,
      ja: `ノード間の経路がPodのMTUより小さいパケットしか運べず、${packetTooBig[family]}またはフラグメントが途中で破棄されています`,
    },
    remedy: {
      en: 'Lower the MTU of the network plugin to that of the path minus the overlay header (for IPv6 not below 1280), and let ICMPv6 type 2 and ICMP type 3 code 4 pass every firewall.',
      ja: 'CNIプラグインのMTUを「経路のMTU－オーバーレイヘッダー」まで下げ（IPv6では1280以上）、すべてのファイアウォールでICMPv6タイプ2とICMPタイプ3コード4を許可してください。',
    },
  })
}

function linesFor(to: ProbeServer, family: IPFamily): string[] {
  return ofFamily(to.addresses, family).flatMap(address => [
    ...sizes.TCP.map(
      bytes =>
        `probe '${to.node} ${family} TCP ${bytes}' large_TCP '${httpURL(address, to.httpPort, '')}' ${bytes}`,
    ),
    ...sizes.UDP.map(
      bytes => `probe '${to.node} ${family} UDP ${bytes}' large_UDP ${address} ${to.udpPort} ${bytes}`,
    ),
  ])
}

export const largePayloadsArrive = defineCheck({
  id: 'POD-10',
  title: { en: 'Large payloads arrive across nodes', ja: '大きなペイロードがノード間で届く' },
  section: 'pods',
  severity: 'high',
  profile: 'full',
  needs: ['traffic'],
  requires: ['POD-09'],
  async run({ prober, families, signal }) {
    const servers = await prober.servers()
    const pairs = nodePairs(servers).filter(([from, to]) => from !== to)
    const payloads = await Promise.all(
      pairs.map(async ([from, to]) => {
        const lines = families.flatMap(family => linesFor(to, family))
        const script = `${functions}\n${lines.join('\n')}\nsettle`
        const { stdout } = await prober.run(script, { check: 'POD-10', node: from.node, signal })
        return [...parseProbes(stdout)].map(([key, { code, output }]) => {
          const [, family, protocol, bytes] = key.split(' ')
          const outcome = output.includes('(no tool)') ? 'notTried' : code === 0 ? 'arrived' : 'lost'
          return {
            from: from.node,
            to: to.node,
            family: family as IPFamily,
            protocol: protocol as Protocol,
            bytes: Number(bytes),
            outcome: outcome as LargePayload['outcome'],
          }
        })
      }),
    )
    return forEachFamily(families, family => judgePayloads(payloads.flat(), family))
  },
})
