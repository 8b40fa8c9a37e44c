// Which proxy implements Services on each node, in which mode, and whether it does so in each family.
// kube-proxy goes on in one family, with a line in its log, where the kernel lacks a module for the other
// one (kubernetes/kubernetes#133694): a node-local fault that looks like a broken application.
import type { Pod, Service } from '../../api/generated/types.ts'
import { pathOf } from '../../api/resource.ts'
import { pods as podResource } from '../../api/resources/core/pod.ts'
import type { IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck, forEachFamily } from '../check.ts'
import { listSome, nameOf, ofFamily } from '../nodefacts.ts'
import { isRunning } from '../podfacts.ts'
import { createProbeService, usableFamilies } from '../probeservice.ts'
import { httpURL, type ProbeLine, parseProbes } from '../traffic.ts'
import { clusterIPsOf, notConfigured } from '../trialservices.ts'
import { fail, pass, type Verdict } from '../verdict.ts'

export interface NodeProxy {
  readonly node: string
  /** `kube-proxy iptables`, `Cilium`. */
  readonly proxy: string
  /** Families of which the ClusterIP of a probe Service answered on the node itself. */
  readonly families: readonly IPFamily[]
  /** What its log says about single-stack mode, if it does. */
  readonly log?: string
}

const proxies: readonly (readonly [name: string, image: RegExp])[] = [
  ['kube-proxy', /kube-proxy/],
  ['Cilium', /cilium\/cilium/],
  ['kube-router', /kube-router/],
  ['OVN-Kubernetes', /ovn-kube/],
  ['Calico eBPF', /calico\/node/],
]

const imagesOf = ({ spec }: Pod) => (spec?.containers ?? []).map(({ image }) => image ?? '')

/** The first of the list that runs on the node; kube-proxy before those that may replace it. */
function findProxy(pods: readonly Pod[], node: string): { name: string; pod: Pod } | undefined {
  const own = pods.filter(pod => isRunning(pod) && pod.spec?.nodeName === node)
  for (const [name, image] of proxies) {
    const pod = own.find(each => imagesOf(each).some(one => image.test(one)))
    if (pod) return { name, pod }
  }
  return undefined
}

const saysSingle = /running in single-stack mode[^\n]*|no ip6?tables support[^\n]*/i

async function readLog({ client }: CheckContext, pod: Pod): Promise<string | undefined> {
  const path = pathOf(podResource, pod.metadata.namespace, nameOf(pod), 'log')
  try {
    const { body } = await client.transport.request<unknown>({
      method: 'GET',
      path,
      query: { limitBytes: '200000' },
    })
    return saysSingle.exec(String(body))?.[0]
  } catch {
    // The log is one more hint, and may be gone or not allowed.
    return undefined
  }
}

export function judgeProxies(seen: readonly NodeProxy[], family: IPFamily): Verdict {
  const show = ({ node, proxy, log }: NodeProxy) => `${node}: ${proxy}${log ? ` (log: ${log.trim()})` : ''}`
  const lacking = seen.filter(({ families }) => !families.includes(family))
  if (lacking.length === 0) return pass(listSome(seen.map(show), '; '))
  const isPart = lacking.some(({ families }) => families.length > 0)
  return fail({
    expected: {
      en: `the proxy of every node serves ClusterIPs of ${family}`,
      ja: `すべてのノードのプロキシが${family}のClusterIPを処理すること`,
    },
    observed: listSome(lacking.map(show), '; '),
    cause: isPart
      ? {
          en: `The proxy on these nodes works in the other family only: the kernel lacks modules for ${family}, or the proxy was started without ${family}`,
          ja: `これらのノードのプロキシはもう一方のファミリーでのみ動作しています。カーネルに${family}のモジュールがないか、プロキシが${family}なしで起動されています`,
        }
      : {
          en: 'The proxy on these nodes does not run, or has not caught up with the API server',
          ja: 'これらのノードのプロキシが動作していないか、APIサーバーの変更に追いついていません',
        },
    remedy: {
      en: 'On the node: modprobe nf_tables ip6_tables ip6table_nat ip6table_filter (and nf_conntrack), give kube-proxy both ranges (--cluster-cidr=<IPv4>,<IPv6>, or clusterCIDR in ConfigMap kube-system/kube-proxy), then restart it: kubectl -n kube-system delete pod -l k8s-app=kube-proxy',
      ja: 'ノードでmodprobe nf_tables ip6_tables ip6table_nat ip6table_filter(とnf_conntrack)を実行し、kube-proxyに両方の範囲を設定して(--cluster-cidr=<IPv4>,<IPv6>、またはConfigMap kube-system/kube-proxyのclusterCIDR)、再起動してください: kubectl -n kube-system delete pod -l k8s-app=kube-proxy',
    },
  })
}

const modes = ['iptables', 'ipvs', 'nftables', 'userspace', 'kernelspace']

/** Those that run in no Pod: part of what the server is. */
const builtIn: readonly (readonly [name: string, version: RegExp])[] = [
  ['futago nftables', /\+futago/],
  ['kube-proxy, in the k3s process', /\+(k3s|rke2)/],
]

interface Hints {
  readonly found: { readonly name: string } | undefined
  /** kube-proxy says its mode on the node's loopback, whoever started it. */
  readonly said: ProbeLine | undefined
  readonly gitVersion: string
}

function nameProxy({ found, said, gitVersion }: Hints): string {
  const mode = said?.code === 0 && modes.includes(said.output) ? said.output : undefined
  if (mode) return `kube-proxy ${mode}`
  return found?.name ?? builtIn.find(([, version]) => version.test(gitVersion))?.[0] ?? 'unknown'
}

async function lookAt(context: CheckContext, node: string, service: Service): Promise<NodeProxy> {
  const { prober, inventory, signal, version } = context
  const families = usableFamilies(context)
  const lines = families.map(family => {
    const [address = ''] = ofFamily(clusterIPsOf(service), family)
    return `probe ${family} until_ok 5 http '${httpURL(address, 80, '/hostname')}' 2`
  })
  const script = [...lines, 'probe mode http http://localhost:10249/proxyMode 2', 'settle'].join('\n')
  const { stdout } = await prober.run(script, { check: 'PRX-01', node, hostNetwork: true, signal })
  const probes = parseProbes(stdout)
  const found = findProxy(await inventory.pods(), node)
  const log = found?.name === 'kube-proxy' ? await readLog(context, found.pod) : undefined
  return {
    node,
    proxy: nameProxy({ found, said: probes.get('mode'), gitVersion: version.gitVersion }),
    families: families.filter(family => probes.get(family)?.code === 0),
    ...(log ? { log } : {}),
  }
}

export const proxiesServeFamilies = defineCheck({
  id: 'PRX-01',
  title: {
    en: 'The proxy of every node serves each family',
    ja: 'すべてのノードのプロキシが各ファミリーを処理する',
  },
  section: 'beyond',
  severity: 'high',
  profile: 'full',
  needs: ['hostNetwork'],
  requires: ['POD-01'],
  async run(context) {
    const { prober, families } = context
    const servers = await prober.servers()
    const usable = usableFamilies(context)
    const service = await createProbeService(context, { families: usable, selector: prober.serverLabels })
    const seen = await Promise.all(servers.map(({ node }) => lookAt(context, node, service)))
    return forEachFamily(families, family =>
      usable.includes(family) ? judgeProxies(seen, family) : notConfigured(family),
    )
  },
})
