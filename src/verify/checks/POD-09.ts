// Pods reach Pods in each family, over TCP and UDP: each sampled node's Pods those of the next node, the
// other way round, and their neighbours on the same node. As many pairs as nodes, never all of them.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ipRoute } from '../familywords.ts'
import { ofFamily } from '../nodefacts.ts'
import type { ProbeServer } from '../prober.ts'
import { nodePairs } from '../probeservice.ts'
import { type Attempt, attemptOf, httpURL, judgeAttempts, type Protocol, parseProbes } from '../traffic.ts'
import type { Finding } from '../verdict.ts'

interface Target {
  readonly key: string
  readonly from: ProbeServer
  readonly to: ProbeServer
  readonly family: IPFamily
  readonly protocol: Protocol
  readonly command: string
}

function targetsOf(servers: readonly ProbeServer[], families: readonly IPFamily[]): Target[] {
  return nodePairs(servers).flatMap(([from, to]) =>
    families.flatMap(family =>
      ofFamily(to.addresses, family).flatMap(address => {
        const what = { from, to, family }
        const key = `${to.node} ${family}`
        const url = httpURL(address, to.httpPort, '/hostname')
        return [
          { ...what, key: `${key} TCP`, protocol: 'TCP' as const, command: `http ${url}` },
          { ...what, key: `${key} UDP`, protocol: 'UDP' as const, command: `udp ${address} ${to.udpPort}` },
        ]
      }),
    ),
  )
}

const findingOf = (attempts: readonly Attempt[], family: IPFamily): Omit<Finding, 'observed'> => {
  const failed = attempts.filter(attempt => attempt.family === family && attempt.outcome === 'failed')
  const isLocal = failed.every(({ from, to }) => from === to)
  return {
    expected: {
      en: `Pods reach each other over ${family}, on one node and across nodes`,
      ja: `Pod同士が${family}で、同一ノード内とノード間の両方で通信できること`,
    },
    cause: isLocal
      ? {
          en: `On the node itself ${family} is not forwarded between Pods, or a firewall drops it`,
          ja: `ノード内でPod間の${family}が転送されていないか、ファイアウォールが破棄しています`,
        }
      : {
          en: `Nodes have no ${family} routes to each other's Pod ranges, the overlay does not carry ${family}, or a firewall between nodes drops it`,
          ja: `ノードが互いのPod範囲への${family}ルートを持たないか、オーバーレイが${family}を運ばないか、ノード間のファイアウォールが破棄しています`,
        },
    remedy: isLocal
      ? {
          en: `On that node: sysctl net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1, and look for DROP in its FORWARD rules (nft list ruleset).`,
          ja: `該当ノードで sysctl net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 を設定し、FORWARDルールのDROPを確認してください（nft list ruleset）。`,
        }
      : {
          en: `On the sending node: ${ipRoute[family]} get POD-ADDRESS; then enable ${family} in the network plugin (its routes or encapsulation), and allow it between nodes.`,
          ja: `送信側ノードで ${ipRoute[family]} get PODアドレス を確認し、CNIプラグインで${family}（ルートまたはカプセル化）を有効にして、ノード間の通信を許可してください。`,
        },
  }
}

export const podsReachPods = defineCheck({
  id: 'POD-09',
  title: {
    en: 'Pods reach Pods, on one node and across nodes',
    ja: 'Pod同士が同一ノード内とノード間で通信できる',
  },
  section: 'pods',
  severity: 'blocker',
  profile: 'standard',
  needs: ['traffic'],
  requires: ['POD-01'],
  async run({ prober, families, addReachability, signal }) {
    const servers = await prober.servers()
    const targets = targetsOf(servers, families)
    const attempts = await Promise.all(
      servers.map(async from => {
        const own = targets.filter(target => target.from === from)
        const lines = own.map(({ key, command }) => `probe '${key}' ${command}`)
        const script = `${lines.join('\n')}\nsettle`
        const { stdout } = await prober.run(script, { check: 'POD-09', node: from.node, signal })
        const probes = parseProbes(stdout)
        return own.map(({ key, to, family, protocol }) =>
          attemptOf(
            probes.get(key),
            { from: from.node, to: to.node, family, protocol },
            output => output === to.pod.metadata.name,
          ),
        )
      }),
    )
    const all = attempts.flat()
    addReachability(all)
    return forEachFamily(families, family => judgeAttempts(all, family, findingOf(all, family)))
  },
})
