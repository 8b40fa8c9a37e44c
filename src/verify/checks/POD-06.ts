// The page runs commands in Pods with kubectl exec: it works, over WebSocket (kubectl 1.31 and later) and
// over SPDY (earlier ones and fallback).

import { isForbidden } from '../../api/status.ts'
import { canUpgrade, type ExecProtocol, execInPod, execProtocols } from '../../client/exec.ts'
import { defineCheck } from '../check.ts'
import { fail, notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

export interface ExecAttempt {
  readonly protocol: ExecProtocol
  /** What the command said; undefined: it did not get that far. */
  readonly output: string | undefined
  readonly detail: string
}

const firstMinorWithV5 = 30

const show = ({ protocol, detail }: ExecAttempt) => `${protocol}: ${detail}`

export function judgeExec(attempts: readonly ExecAttempt[], minor: number): Verdict {
  const wanted = attempts.filter(({ protocol }) => minor >= firstMinorWithV5 || !protocol.startsWith('v5'))
  const failed = wanted.filter(({ output }) => output === undefined)
  const observed = attempts.map(show).join('; ')
  if (failed.length === 0) return pass(observed)
  const finding = {
    expected: {
      en: `exec works over ${wanted.map(({ protocol }) => protocol).join(', ')}`,
      ja: `${wanted.map(({ protocol }) => protocol).join('、')} でexecが動作すること`,
    },
    observed,
  }
  if (failed.length === wanted.length) {
    return fail({
      ...finding,
      cause: {
        en: "The API server does not reach the kubelet's port 10250 (firewall, wrong InternalIP), or the kubelet refuses its client certificate",
        ja: 'APIサーバーがkubeletのポート10250に到達できない（ファイアウォール、誤ったInternalIP）か、kubeletがクライアント証明書を拒否しています',
      },
      remedy: {
        en: "Open port 10250 of every node for the control plane, in the family of the node's first InternalIP, and check --kubelet-client-certificate of kube-apiserver.",
        ja: '各ノードの最初のInternalIPのファミリーで、コントロールプレーンからポート10250への通信を許可し、kube-apiserverの--kubelet-client-certificateを確認してください。',
      },
    })
  }
  return warn({
    ...finding,
    cause: {
      en: 'A proxy or load balancer in front of the API server does not pass this kind of upgrade on',
      ja: 'APIサーバーの手前のプロキシーまたはロードバランサーが、この種のアップグレードを中継していません',
    },
    remedy: {
      en: 'Let it pass "Connection: Upgrade" for websocket and SPDY/3.1, or make it pass TCP through; kubectl falls back to the other kind meanwhile.',
      ja: 'websocketとSPDY/3.1の "Connection: Upgrade" を中継するか、TCPパススルーにしてください。それまでkubectlはもう一方の方式を使用します。',
    },
  })
}

export const commandsRunInPods = defineCheck({
  id: 'POD-06',
  title: { en: 'Commands run in Pods (exec)', ja: 'Podでコマンドを実行できる（exec）' },
  section: 'pods',
  severity: 'low',
  profile: 'standard',
  needs: ['probe'],
  permissions: [{ group: '', resource: 'pods/exec', verbs: ['get', 'create'], scope: 'namespace' }],
  requires: ['POD-01'],
  async run({ client, prober, version, signal }) {
    const { transport } = client
    if (!canUpgrade(transport)) {
      return notEvaluable({
        en: 'This client cannot switch protocols',
        ja: 'このクライアントはプロトコルを切り替えられません',
      })
    }
    const [server] = await prober.servers()
    const { name: pod = '', namespace = '' } = server!.pod.metadata
    const attempts = await Promise.all(
      execProtocols.map(async (protocol): Promise<ExecAttempt> => {
        const target = {
          namespace,
          pod,
          container: 'probe',
          command: ['hostname'],
          protocol,
          signal,
        }
        try {
          const output = (await execInPod(transport, target)).trim()
          return { protocol, output, detail: `hostname: ${output}` }
        } catch (error) {
          if (isForbidden(error)) throw error
          return {
            protocol,
            output: undefined,
            detail: error instanceof Error ? error.message : String(error),
          }
        }
      }),
    )
    return judgeExec(attempts, version.minor)
  },
})
