// Reports as a run could make them, for the tests of all that shows one: a dual-stack cluster with every
// outcome, single-stack ones, one that could not be reached, and ones with many nodes.
import type { IPFamilies } from '../../ip/family.ts'
import type { CheckResult, Reachability, Report } from '../report.ts'
import { type Text, verbatim } from '../text.ts'
import {
  type FamilyVerdicts,
  type Finding,
  fail,
  notEvaluable,
  type Outcome,
  pass,
  skip,
  type Verdict,
  warn,
} from '../verdict.ts'

type Head = Pick<CheckResult, 'id' | 'title' | 'section' | 'severity'>

const check = (head: Head, families: FamilyVerdicts, durationMs = 12): CheckResult => ({
  ...head,
  families,
  durationMs,
})

const both = (verdict: Verdict): FamilyVerdicts => ({ IPv4: verdict, IPv6: verdict })

const head = (
  id: string,
  [section, severity]: readonly [Head['section'], Head['severity']],
  title: Text,
): Head => ({ id, title, section, severity })

const heads = {
  version: head('PRE-01', ['preflight', 'blocker'], {
    en: 'The API server is at least the version that the page asks for',
    ja: 'APIサーバーのバージョンが要件を満たしている',
  }),
  mode: head('PRE-03', ['preflight', 'blocker'], {
    en: 'The cluster gives Services addresses of both families',
    ja: 'クラスターが両方のファミリーのアドレスをServiceに割り当てる',
  }),
  podCIDRs: head('NODE-01', ['nodes', 'blocker'], {
    en: 'Every node has one Pod range per family',
    ja: '各ノードにファミリーごとのPodアドレス範囲が一つずつある',
  }),
  addresses: head('NODE-04', ['nodes', 'blocker'], {
    en: 'Every node has an InternalIP of each family',
    ja: '各ノードにファミリーごとのInternalIPがある',
  }),
  sysctls: head('NODE-09', ['nodes', 'high'], {
    en: 'The nodes forward packets and keep their default route',
    ja: 'ノードがパケットを転送し、デフォルトルートを保持している',
  }),
  podIPs: head('POD-01', ['pods', 'blocker'], {
    en: 'A Pod on each node gets one address per family',
    ja: '各ノードのPodがファミリーごとに一つのアドレスを持つ',
  }),
  podOrder: head('POD-02', ['pods', 'medium'], {
    en: 'The addresses of Pods are in the order of the cluster',
    ja: 'Podのアドレスがクラスターと同じ順序で並んでいる',
  }),
  podRanges: head('POD-03', ['pods', 'medium'], {
    en: 'The addresses of Pods lie in the ranges of their node',
    ja: 'Podのアドレスがそのノードの範囲内にある',
  }),
  reach: head('POD-09', ['pods', 'blocker'], {
    en: 'Pods reach each other on the same node and across nodes, over TCP and UDP',
    ja: '同じノード上でも異なるノード間でも、PodどうしがTCPとUDPで通信できる',
  }),
  large: head('POD-10', ['pods', 'high'], {
    en: 'Large packets get through between nodes',
    ja: '大きなパケットがノード間で届く',
  }),
  prefer: head('SVC-03', ['services', 'blocker'], {
    en: 'A PreferDualStack Service gets two ClusterIPs',
    ja: 'PreferDualStackのServiceが二つのClusterIPを得る',
  }),
  clusterIP: head('SVC-07', ['services', 'blocker'], {
    en: 'ClusterIPs answer on every node',
    ja: 'すべてのノードでClusterIPが応答する',
  }),
  nodePort: head('SVC-12', ['services', 'high'], {
    en: 'NodePorts answer on the addresses of every node',
    ja: '各ノードのアドレスでNodePortが応答する',
  }),
  balancer: head('LB-01', ['loadBalancer', 'high'], {
    en: 'A PreferDualStack load balancer with IPv6 first gets an external address',
    ja: 'IPv6を先頭にしたPreferDualStackのLoadBalancerが外部アドレスを得る',
  }),
  policies: head('NP-03', ['beyond', 'medium'], {
    en: 'NetworkPolicies that name IPv4 ranges have IPv6 counterparts',
    ja: 'IPv4の範囲を指定するNetworkPolicyに、対応するIPv6の範囲がある',
  }),
} as const

const noIPv6Address: Finding = {
  expected: {
    en: 'at least one InternalIP of each family on every node',
    ja: 'すべてのノードに、ファミリーごとに少なくとも一つのInternalIP',
  },
  observed: 'node2: 172.18.0.3',
  cause: {
    en: 'The kubelet was told one address only, or the cloud provider reports one only',
    ja: 'kubeletに一つのアドレスしか指定されていないか、クラウドプロバイダーが一つしか報告していません',
  },
  remedy: {
    en: 'Start the kubelet of node2 with `--node-ip=172.18.0.3,<its IPv6 address>` and restart it',
    ja: 'node2のkubeletを`--node-ip=172.18.0.3,<IPv6アドレス>`を付けて起動し直してください',
  },
}

const oneSidedPolicy: Finding = {
  expected: { en: 'an IPv6 range beside 0.0.0.0/0', ja: '0.0.0.0/0に対応するIPv6の範囲' },
  observed: 'default/allow-egress <b>&"quoted"</b>',
  cause: {
    en: 'The policy was written for IPv4 alone: over IPv6 everything it means to allow is blocked',
    ja: 'IPv4だけを想定したポリシーのため、許可したいはずの通信がIPv6では遮断されます',
  },
  remedy: { en: 'Add `cidr: ::/0` to the same rule', ja: '同じルールに`cidr: ::/0`を追加してください' },
}

const notReached: Finding = {
  expected: { en: 'an answer within 3 s', ja: '3秒以内の応答' },
  observed: 'node1 → node2 UDP: no answer\nnode2 → node1 UDP: no answer',
  cause: {
    en: 'A firewall drops UDP between the nodes for this family',
    ja: 'このファミリーのノード間UDP通信がファイアウォールで破棄されています',
  },
  remedy: {
    en: 'Allow UDP between the Pod ranges fd00:10:244::/56 in the firewall of the nodes',
    ja: 'ノードのファイアウォールで、Podの範囲fd00:10:244::/56どうしのUDPを許可してください',
  },
}

const readOnly = skip({
  en: 'It creates objects, and --read-only forbids that',
  ja: 'オブジェクトを作成するチェックのため、--read-onlyでは実行しません',
})

const dualChecks: readonly CheckResult[] = [
  check(heads.version, both(pass('v1.36.0')), 1),
  check(heads.mode, both(pass('10.96.0.0/16, fd00:10:96::/112')), 3),
  check(heads.podCIDRs, {
    IPv4: pass('node1: 10.244.0.0/24, node2: 10.244.1.0/24'),
    IPv6: pass('node1: fd00:10:244::/64, node2: fd00:10:244:1::/64'),
  }),
  check(heads.addresses, { IPv4: pass('node1: 172.18.0.2, node2: 172.18.0.3'), IPv6: fail(noIPv6Address) }),
  check(
    heads.sysctls,
    both(
      skip({
        en: 'It runs with the profile full, which was not asked for',
        ja: 'プロファイルfullで実行されるチェックですが、指定されていません',
      }),
    ),
    0,
  ),
  check(heads.podIPs, {
    IPv4: pass('10.244.0.4, 10.244.1.7'),
    IPv6: pass('fd00:10:244::4, fd00:10:244:1::7'),
  }),
  check(heads.podOrder, both(readOnly), 0),
  check(heads.podRanges, {
    IPv4: pass('2 Pods'),
    IPv6: notEvaluable({
      en: 'The network plugin hands out addresses of its own: the nodes have no IPv6 range',
      ja: 'ネットワークプラグインが独自にアドレスを割り当てており、ノードにIPv6の範囲がありません',
    }),
  }),
  check(heads.reach, { IPv4: pass('8 of 8 connections'), IPv6: fail(notReached) }, 3412),
  check(heads.large, both(readOnly), 0),
  check(heads.prefer, both(pass('10.96.12.7, fd00:10:96::c07')), 48),
  check(heads.clusterIP, { IPv4: pass('4 of 4'), IPv6: pass('4 of 4') }, 910),
  check(heads.nodePort, {
    IPv4: pass('172.18.0.2:30080, 172.18.0.3:30080'),
    IPv6: skip({
      en: 'This machine has no IPv6 address',
      ja: 'このマシンにはIPv6アドレスがありません',
    }),
  }),
  check(
    heads.balancer,
    both(
      notEvaluable({
        en: 'Nothing in the cluster gives load balancers an address',
        ja: 'クラスター内に、LoadBalancerへアドレスを割り当てるものがありません',
      }),
    ),
    10_004,
  ),
  check(heads.policies, { IPv4: pass('3 policies'), IPv6: warn(oneSidedPolicy) }),
]

function summarize(checks: readonly CheckResult[]): Record<Outcome, number> {
  const summary = { pass: 0, warn: 0, fail: 0, skip: 0, notEvaluable: 0 }
  for (const { families } of checks) {
    for (const verdict of Object.values(families)) summary[verdict.outcome]++
  }
  return summary
}

/** A report with these checks; `changes` to whatever else. */
export const reportOf = (checks: readonly CheckResult[], changes: Partial<Report> = {}): Report => ({
  apiVersion: 'verify.futago.dev/v1',
  kind: 'Report',
  futagoVersion: '0.1.0',
  cluster: {
    server: 'https://[fd00:172:18::2]:6443',
    context: 'kind-dual',
    version: 'v1.36.0',
    nodes: 2,
    families: ['IPv4', 'IPv6'],
    expected: ['IPv4', 'IPv6'],
    evidence: 'ServiceCIDR kubernetes: 10.96.0.0/16, fd00:10:96::/112',
  },
  profile: 'standard',
  readOnly: false,
  startedAt: '2026-11-25T09:30:00Z',
  durationMs: 14_210,
  checks,
  reachability: [],
  summary: summarize(checks),
  exitCode: summarize(checks).fail > 0 ? 1 : 0,
  ...changes,
})

/** The pairs that a run tries: each node itself and its neighbours in a ring, with a few that fail. */
export function ringOf(nodes: number, failing: (index: number) => boolean): Reachability[] {
  const name = (index: number) => `node${(index % nodes) + 1}`
  return Array.from({ length: nodes }, (_, index) => index).flatMap(index =>
    (['IPv4', 'IPv6'] as const).flatMap(family =>
      (['TCP', 'UDP'] as const).flatMap(protocol =>
        [...new Set([index, index + 1, index + nodes - 1].map(name))].map(to => {
          const broken = family === 'IPv6' && protocol === 'UDP' && to !== name(index) && failing(index)
          const outcome = broken
            ? ({ outcome: 'failed', detail: 'no answer' } as const)
            : ({ outcome: 'reached', milliseconds: 0.4 + (index % 7) / 5 } as const)
          return { from: name(index), to, family, protocol, ...outcome }
        }),
      ),
    ),
  )
}

/** Both families, two nodes, every outcome. */
export const dualStackReport: Report = reportOf(dualChecks, { reachability: ringOf(2, () => true) })

/** Nothing to complain about. */
export const healthyReport: Report = reportOf(
  dualChecks.filter(({ families }) => Object.values(families).every(verdict => verdict.outcome === 'pass')),
  { reachability: ringOf(2, () => false) },
)

const notHere = (families: IPFamilies): Text => ({
  en: `The cluster has no such family: its Services have ${families.join(', ')} only`,
  ja: `クラスターにこのファミリーはありません(Serviceのファミリーは${families.join('、')}だけです)`,
})

/** One family; `expected` may ask for more. */
export function singleStackReport(families: IPFamilies, expected: IPFamilies = families): Report {
  const other = families[0] === 'IPv4' ? 'IPv6' : 'IPv4'
  const own = families[0]!
  const missing: Finding = {
    expected: verbatim('IPv4, IPv6'),
    observed: families.join(', '),
    cause: {
      en: 'The API server was started with one Service range',
      ja: 'APIサーバーが一つのService範囲だけで起動されています',
    },
    remedy: {
      en: 'Give kube-apiserver and kube-controller-manager `--service-cluster-ip-range` with one range per family',
      ja: 'kube-apiserverとkube-controller-managerの`--service-cluster-ip-range`に、ファミリーごとの範囲を指定してください',
    },
  }
  const judged = (id: Head, verdict: Verdict) =>
    check(id, { [own]: verdict, [other]: skip(notHere(families)) })
  const dual = expected.length > 1
  return reportOf(
    [
      check(heads.version, both(pass('v1.36.0'))),
      dual ? check(heads.mode, { [own]: pass(own), [other]: fail(missing) }) : judged(heads.mode, pass(own)),
      judged(heads.podCIDRs, pass('node1: one range')),
      judged(heads.addresses, pass('node1: one address')),
      judged(heads.podIPs, pass('one address')),
      judged(heads.clusterIP, pass('2 of 2')),
    ],
    {
      cluster: {
        ...dualStackReport.cluster,
        context: null,
        families,
        expected,
        evidence: 'Service kubernetes',
      },
    },
  )
}

/** The run could not begin. */
export const unreachableReport: Report = reportOf([], {
  interrupted: 'connect ECONNREFUSED [::1]:6443',
  exitCode: 2,
  durationMs: 31,
})

/** Cut short by Ctrl-C. */
export const interruptedReport: Report = reportOf(dualChecks.slice(0, 4), {
  interrupted: 'interrupted by SIGINT',
  exitCode: 2,
})

/** So many nodes that a picture of their pairs becomes large. */
export const largeReport = (nodes: number): Report =>
  reportOf(dualChecks, {
    cluster: { ...dualStackReport.cluster, nodes },
    reachability: ringOf(nodes, index => index % 9 === 4),
  })
