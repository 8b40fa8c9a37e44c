// The kubernetes Service, through which Pods find the API server: one address is right (KEP-2438 is not
// done), of the primary family, with endpoints of the same family, a TLS answer there, and a certificate that
// names the address.
import type { EndpointSlice, Service } from '../../api/generated/types.ts'
import { configMaps } from '../../api/resources/core/configmap.ts'
import { services } from '../../api/resources/core/service.ts'
import { StatusError } from '../../api/status.ts'
import { familyOf, type IPFamily } from '../../ip/family.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { type CheckContext, defineCheck } from '../check.ts'
import { everyFamily } from '../familyverdicts.ts'
import { familiesOf, listSome, nameOf } from '../nodefacts.ts'
import { type ProbeLine, parseProbes } from '../traffic.ts'
import { clusterIPsOf } from '../trialservices.ts'
import { type FamilyVerdicts, type Finding, fail, pass, skip, type Verdict } from '../verdict.ts'

export interface APIAnswer {
  readonly node: string
  readonly address: string
  readonly said: 'verified' | 'connected' | 'untrusted' | 'silent'
  readonly detail: string
}

export interface KubernetesService {
  readonly clusterIPs: readonly string[]
  readonly endpoints: readonly string[]
  readonly primary: IPFamily
  readonly answers: readonly APIAnswer[]
}

const advertise: Omit<Finding, 'observed' | 'expected'> = {
  cause: {
    en: "kube-apiserver's --advertise-address is of another family than the first --service-cluster-ip-range",
    ja: 'kube-apiserverの--advertise-addressのファミリーが、--service-cluster-ip-rangeの先頭のファミリーと異なります',
  },
  remedy: {
    en: 'Set --advertise-address of every kube-apiserver to its address in the primary family (or swap the ranges before there are Services) and restart it.',
    ja: 'すべてのkube-apiserverの--advertise-addressをプライマリーファミリーのアドレスに設定し（または、Serviceを作成する前に範囲の順序を入れ替え）、再起動してください。',
  },
}

const show = ({ node, address, detail }: APIAnswer) => `${node} -> ${address}: ${detail}`

export function judgeKubernetesService(seen: KubernetesService): Verdict {
  const { clusterIPs, endpoints, primary, answers } = seen
  const shown = `ClusterIP ${clusterIPs.join(', ')}, endpoints ${endpoints.join(', ') || 'none'}`
  const isPrimary = familyOf(clusterIPs[0] ?? '') === primary
  if (!isPrimary || !familiesOf(endpoints).includes(primary)) {
    return fail({
      expected: {
        en: `a ClusterIP and endpoints of the primary family ${primary}`,
        ja: `プライマリーファミリー（${primary}）のClusterIPとエンドポイント`,
      },
      observed: shown,
      ...advertise,
    })
  }
  const silent = answers.filter(({ said }) => said === 'silent')
  if (silent.length > 0) {
    return fail({
      expected: {
        en: 'the API server answers at its ClusterIP from every node',
        ja: 'すべてのノードからClusterIPでAPIサーバーが応答すること',
      },
      observed: listSome(silent.map(show), '; '),
      cause: {
        en: 'The proxy on that node has no rules for it, or the node does not reach the advertised address',
        ja: '該当ノードのプロキシーにルールがないか、ノードから公開アドレスに到達できません',
      },
      remedy: {
        en: `From that node: curl -k https://ENDPOINT/version for ${endpoints.join(', ')}; when it answers, look at kube-proxy there (see SVC-07).`,
        ja: `該当ノードから ${endpoints.join(', ')} に curl -k https://ENDPOINT/version を実行し、応答があれば、そのノードのkube-proxyを確認してください（SVC-07を参照）。`,
      },
    })
  }
  const untrusted = answers.filter(({ said }) => said === 'untrusted')
  if (untrusted.length > 0) {
    return fail({
      expected: {
        en: `a certificate of the cluster's authority that names ${clusterIPs.join(', ')}`,
        ja: `クラスターのCAが署名し、${clusterIPs.join(', ')} を含む証明書`,
      },
      observed: listSome(untrusted.map(show), '; '),
      cause: {
        en: 'The serving certificate was made before this range or family was configured',
        ja: 'サーバー証明書が、この範囲またはファミリーの設定より前に作成されています',
      },
      remedy: {
        en: 'Issue it again with this address among its SANs; kubeadm: delete /etc/kubernetes/pki/apiserver.{crt,key}, run kubeadm init phase certs apiserver with both service subnets, restart kube-apiserver.',
        ja: 'このアドレスをSANに含めて再発行してください。kubeadm: /etc/kubernetes/pki/apiserver.{crt,key}を削除し、両方のServiceサブネットを指定して kubeadm init phase certs apiserver を実行し、kube-apiserverを再起動します。',
      },
    })
  }
  const checked = answers.every(({ said }) => said === 'verified')
    ? 'certificate names it'
    : 'certificate not looked at'
  return pass(`${shown}: answers from every node, ${checked}`)
}

const port = 443

/** curl's exit codes for certificates that do not fit. */
const certificateCodes = [51, 60]

function answerOf(node: string, address: string, probe: ProbeLine | undefined): APIAnswer {
  const { code = 1, output = 'no answer' } = probe ?? {}
  const failed = certificateCodes.includes(code) ? 'untrusted' : 'silent'
  const said = code !== 0 ? failed : output.startsWith('connected') ? 'connected' : 'verified'
  return { node, address, said, detail: output }
}

/** The authority's certificate, as every namespace has it; undefined where it cannot be read. */
async function authorityOf({ client, workspace }: CheckContext): Promise<string | undefined> {
  try {
    const found = await client.get(configMaps, {
      namespace: await workspace.namespace(),
      name: 'kube-root-ca.crt',
    })
    return found.data?.['ca.crt']
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

function scriptFor(addresses: readonly string[], authority: string | undefined): string {
  const ask = authority === undefined ? 'false' : 'has curl'
  return `
cat > ca.crt <<'PEM'
${authority ?? ''}
PEM
ask() {
  if ${ask}; then curl -gsS --noproxy '*' -m 5 --cacert ca.crt "https://$2/version" -o answer && echo verified
  else tcp "$1" ${port}; fi
}
${addresses.map(address => `probe ${address} ask ${address} '${joinHostPort(address, port)}'`).join('\n')}
settle`
}

const endpointsOf = (slices: readonly EndpointSlice[]): string[] =>
  slices
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'kubernetes')
    .filter(({ metadata }) => metadata.namespace === 'default')
    .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses))

export const apiServiceAnswers = defineCheck({
  id: 'SVC-20',
  title: {
    en: 'The kubernetes Service answers and is of the primary family',
    ja: 'kubernetes Serviceがプライマリーファミリーで応答する',
  },
  section: 'services',
  severity: 'blocker',
  profile: 'standard',
  needs: ['traffic'],
  permissions: [{ group: '', resource: 'configmaps', verbs: ['get'], scope: 'namespace' }],
  async run(context): Promise<FamilyVerdicts> {
    const { client, inventory, prober, families, mode, signal } = context
    const service: Service = await client.get(services, { namespace: 'default', name: 'kubernetes' })
    const clusterIPs = clusterIPsOf(service)
    const nodes = await inventory.sampledNodes()
    await prober.servers()
    const script = scriptFor(clusterIPs, await authorityOf(context))
    const answers = await Promise.all(
      nodes.map(async node => {
        const { stdout } = await prober.run(script, { check: 'SVC-20', node: nameOf(node), signal })
        const probes = parseProbes(stdout)
        return clusterIPs.map(address => answerOf(nameOf(node), address, probes.get(address)))
      }),
    )
    const verdict = judgeKubernetesService({
      clusterIPs,
      endpoints: endpointsOf(await inventory.endpointSlices()),
      primary: mode.families[0] ?? 'IPv4',
      answers: answers.flat(),
    })
    const notItsFamily = skip({
      en: 'The kubernetes Service has one family, by design of Kubernetes',
      ja: 'kubernetes ServiceはKubernetesの設計上、単一ファミリーです',
    })
    return { ...everyFamily(families, notItsFamily), ...everyFamily(familiesOf(clusterIPs), verdict) }
  },
})
