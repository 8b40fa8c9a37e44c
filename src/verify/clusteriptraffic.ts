// Whether a Service's ClusterIPs answer, over TCP and UDP, and lead to every backend: asked from Pods
// (SVC-07) and from the nodes themselves (SVC-08), which take different ways through a proxy's rules.
import type { IPFamily } from '../ip/family.ts'
import type { CheckContext } from './check.ts'
import { listSome, ofFamily } from './nodefacts.ts'
import type { ProbeServer } from './prober.ts'
import { createProbeService, servicePorts, usableFamilies } from './probeservice.ts'
import type { Text } from './text.ts'
import { type Attempt, attemptOf, httpURL, judgeAttempts, type ProbeLine, parseProbes } from './traffic.ts'
import { clusterIPsOf } from './trialservices.ts'
import { type Finding, fail, type Verdict } from './verdict.ts'

/** Enough to meet each of eight backends with near certainty; it stops as soon as all were met. */
const mostTries = 80
/** For the rules to be there after the Service was made. */
const patienceSeconds = 20

export interface ClusterIPTraffic {
  readonly attempts: readonly Attempt[]
  /** Backends that never answered, per node and family. */
  readonly unseen: readonly {
    readonly from: string
    readonly family: IPFamily
    readonly names: readonly string[]
  }[]
}

const lineFor = (address: string, family: IPFamily, count: number) => {
  const url = httpURL(address, servicePorts.http, '/hostname')
  return [
    `probe '${family} TCP' until_ok ${patienceSeconds} http ${url}`,
    `probe '${family} UDP' until_udp ${patienceSeconds} ${address} ${servicePorts.udp}`,
    'wait',
    `probe '${family} backends' gather ${count} ${mostTries} http ${url}`,
  ].join('\n')
}

/** As until_ok, but not again and again where there is no tool. */
const functions = `
until_udp() { if can_udp; then until_ok "$1" udp "$2" "$3"; else echo "$NOTOOL"; fi; }
`

/** `failed name name ...` of gather. */
export const parseGathered = (probe: ProbeLine | undefined): readonly string[] =>
  probe?.output
    .split(' ')
    .slice(1)
    .filter(name => name !== '') ?? []

export async function sendToClusterIPs(
  context: CheckContext,
  options: { readonly check: string; readonly hostNetwork: boolean },
): Promise<ClusterIPTraffic> {
  const { prober, signal } = context
  const servers = await prober.servers()
  const families = usableFamilies(context)
  const service = await createProbeService(context, { families, selector: prober.serverLabels })
  const addresses = clusterIPsOf(service)
  const results = await Promise.all(
    servers.map(async ({ node }) => {
      const lines = families.flatMap(family =>
        ofFamily(addresses, family).map(address => lineFor(address, family, servers.length)),
      )
      const script = `${functions}${lines.join('\n')}\nsettle`
      const { stdout } = await prober.run(script, { ...options, node, signal })
      return { node, probes: parseProbes(stdout) }
    }),
  )
  return judgeable(results, { families, servers })
}

function judgeable(
  results: readonly { readonly node: string; readonly probes: ReadonlyMap<string, ProbeLine> }[],
  { families, servers }: { readonly families: readonly IPFamily[]; readonly servers: readonly ProbeServer[] },
): ClusterIPTraffic {
  const names = servers.map(({ pod }) => pod.metadata.name ?? '')
  const isBackend = (output: string) => names.includes(output)
  const each = results.flatMap(result => families.map(family => ({ ...result, family })))
  return {
    attempts: each.flatMap(({ node, probes, family }) =>
      (['TCP', 'UDP'] as const).map(protocol => {
        const what = { from: node, to: 'ClusterIP', family, protocol }
        return attemptOf(probes.get(`${family} ${protocol}`), what, isBackend)
      }),
    ),
    unseen: each.map(({ node, probes, family }) => {
      const met = parseGathered(probes.get(`${family} backends`))
      return { from: node, family, names: names.filter(name => !met.includes(name)) }
    }),
  }
}

const everyBackend: Text = {
  en: 'every ready backend gets connections from every node',
  ja: 'すべてのReadyなバックエンドが、すべてのノードからの接続を受けること',
}

export function judgeClusterIPTraffic(
  { attempts, unseen }: ClusterIPTraffic,
  family: IPFamily,
  finding: Omit<Finding, 'observed'>,
): Verdict {
  const verdict = judgeAttempts(attempts, family, finding)
  if (verdict.outcome !== 'pass') return verdict
  const missing = unseen.filter(each => each.family === family && each.names.length > 0)
  if (missing.length === 0) return { ...verdict, evidence: `${verdict.evidence}; every backend answered` }
  return fail({
    expected: everyBackend,
    observed: listSome(
      missing.map(({ from, names }) => `${from}: never ${names.join(', ')}`),
      '; ',
    ),
    cause: {
      en: `The proxy lacks endpoints of ${family} (EndpointSlices, see SVC-09), or these Pods cannot be reached over it (see POD-09)`,
      ja: `プロキシーに${family}のエンドポイントが足りないか（EndpointSlice、SVC-09を参照）、これらのPodに到達できません（POD-09を参照）`,
    },
    remedy: {
      en: 'Compare kubectl get endpointslices -o wide with the rules on that node (nft list ruleset, iptables-save, ip6tables-save), and look at the log of its kube-proxy.',
      ja: 'kubectl get endpointslices -o wide と該当ノードのルール（nft list ruleset、iptables-save、ip6tables-save）を比較し、kube-proxyのログを確認してください。',
    },
  })
}
