// The API server from outside: which families the kubeconfig's endpoint has, whether this machine gets
// through in each, and whether the certificate is good for it. One family is enough; two are for clients that
// have only the other one.
import type { IPFamily } from '../../ip/family.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { type APIEndpoint, addressesOfHost, certificateNames, endpointOf, isNamed } from '../apiendpoint.ts'
import { type CheckContext, defineCheck } from '../check.ts'
import type { Attempt } from '../host.ts'
import { ofFamily } from '../nodefacts.ts'
import { specialOf } from '../specialranges.ts'
import { type FamilyVerdicts, notEvaluable, pass, skip, type Verdict, warn } from '../verdict.ts'

/** One address of the endpoint. */
export interface APIAttempt {
  readonly address: string
  readonly attempt: Attempt
  /** In its certificate; absent when it could not be read. */
  readonly names?: readonly string[]
}

interface Seen {
  readonly endpoint: APIEndpoint
  /** Of this machine. */
  readonly families: readonly IPFamily[]
  readonly attempts: readonly APIAttempt[]
}

const connectMs = 3000

const isLoopback = (address: string) => specialOf(address)?.startsWith('loopback') ?? false

const unreachable = (seen: Seen, failed: APIAttempt, family: IPFamily): Verdict => {
  const { attempt, address } = failed
  const detail = 'detail' in attempt ? attempt.detail : ''
  if (!seen.families.includes(family) && !isLoopback(address)) {
    return notEvaluable({
      en: `This machine has no ${family} address to reach ${address} from`,
      ja: `このマシンには${address}に到達するための${family}アドレスがありません`,
    })
  }
  return warn({
    expected: {
      en: `the API server answers on every address of ${seen.endpoint.host}`,
      ja: `APIサーバーが${seen.endpoint.host}のすべてのアドレスで応答すること`,
    },
    observed: `${joinHostPort(address, seen.endpoint.port)}: ${attempt.outcome} ${detail}`.trim(),
    cause: {
      en: `kube-apiserver or the load balancer before it does not listen on ${family}, or a firewall drops it; clients try it first and lose time`,
      ja: `kube-apiserverまたはその前段のロードバランサーが${family}で待ち受けていないか、ファイアウォールが破棄しています。クライアントは先にこのアドレスを試し、接続が遅くなります`,
    },
    remedy: {
      en: `Let kube-apiserver listen on all families (--bind-address=::) and open port ${seen.endpoint.port}, or take the address out of DNS.`,
      ja: `kube-apiserverがすべてのファミリーで待ち受けるようにし(--bind-address=::)、ポート${seen.endpoint.port}を許可するか、DNSからこのアドレスを削除してください。`,
    },
  })
}

const unnamed = ({ endpoint }: Seen, { address, names = [] }: APIAttempt): Verdict =>
  warn({
    expected: {
      en: `${endpoint.host} in the certificate of the API server`,
      ja: `APIサーバーの証明書に${endpoint.host}が含まれること`,
    },
    observed: `${address}: ${names.join(', ')}`,
    cause: {
      en: 'The certificate was made before this name or address was used',
      ja: '証明書が、この名前またはアドレスを使用する前に作成されました',
    },
    remedy: {
      en: `Issue it again with the name: kubeadm: add it to apiServer.certSANs, remove apiserver.crt and .key, kubeadm init phase certs apiserver; k3s: --tls-san=${endpoint.host}.`,
      ja: `名前を追加して再発行してください。kubeadm: apiServer.certSANsに追加し、apiserver.crtと.keyを削除してkubeadm init phase certs apiserver。k3s: --tls-san=${endpoint.host}`,
    },
  })

export function judgeEndpoint(seen: Seen, family: IPFamily): Verdict {
  const { endpoint } = seen
  const own = seen.attempts.filter(({ address }) => ofFamily([address], family).length > 0)
  if (own.length === 0) {
    return skip({
      en: `The kubeconfig's ${endpoint.host} has no ${family} address`,
      ja: `kubeconfigの${endpoint.host}に${family}アドレスがありません`,
    })
  }
  const failed = own.find(({ attempt }) => attempt.outcome !== 'connected')
  if (failed) return unreachable(seen, failed, family)
  const wrong = own.find(({ names }) => names !== undefined && !isNamed(endpoint.host, names))
  if (wrong) return unnamed(seen, wrong)
  return pass(
    own
      .map(({ address, attempt, names }) => {
        const time = attempt.outcome === 'connected' ? `${attempt.milliseconds} ms` : ''
        return `${joinHostPort(address, endpoint.port)} ${time}${names ? ', in the certificate' : ''}`
      })
      .join('; '),
  )
}

async function tryAddress(
  context: CheckContext,
  endpoint: APIEndpoint,
  address: string,
): Promise<APIAttempt> {
  const { host, signal, server } = context
  const attempt = await host.connect(address, endpoint.port, { timeoutMs: connectMs, signal })
  if (attempt.outcome !== 'connected' || !server.startsWith('https:')) return { address, attempt }
  const names = await certificateNames({ ...endpoint, address, signal }).catch(() => undefined)
  return { address, attempt, ...(names ? { names } : {}) }
}

export const endpointHasFamilies = defineCheck({
  id: 'API-01',
  title: {
    en: "The API server's endpoint answers in each family that it has",
    ja: 'APIサーバーのエンドポイントが、持っている各ファミリーで応答する',
  },
  section: 'beyond',
  severity: 'information',
  profile: 'standard',
  needs: ['outside'],
  async run(context): Promise<Verdict | FamilyVerdicts> {
    const { server, host, families } = context
    const endpoint = endpointOf(server)
    if (!endpoint) {
      return notEvaluable({
        en: 'The API server is used in process, not through an address',
        ja: 'APIサーバーはアドレスを介さず、プロセス内で使用されています',
      })
    }
    const addresses = await addressesOfHost(endpoint.host)
    const attempts = await Promise.all(addresses.map(address => tryAddress(context, endpoint, address)))
    const seen = { endpoint, families: host.families, attempts }
    return Object.fromEntries(families.map(family => [family, judgeEndpoint(seen, family)]))
  },
})
