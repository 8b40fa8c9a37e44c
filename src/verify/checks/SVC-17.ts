// A UDP flow goes on when its backend is replaced: the connection tracking entry of the old one has to be
// removed in each family, or the flow goes nowhere for as long as it lives.

import { pods } from '../../api/resources/core/pod.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { ofFamily } from '../nodefacts.ts'
import { createProbeService, servicePorts, usableFamilies } from '../probeservice.ts'
import { clusterIPsOf } from '../trialservices.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

const selector = { 'verify.futago.dev/server': 'replaced' }
/** It ends as soon as the flow has reached the second backend. */
const seconds = 45
/** Datagrams to the new backend that may be lost before the flow counts as lost: some ten seconds. */
const patience = 8
/** Of its own for each family: a socket for IPv6 may take the port for IPv4 as well. */
const sourcePorts: Readonly<Record<IPFamily, number>> = { IPv4: 34_564, IPv6: 34_566 }

/** One flow per family: always the same source port. Lines `said <family> <name>`. */
const script = (targets: readonly { readonly family: IPFamily; readonly address: string }[]) => `
if ! can_udp; then echo "$NOTOOL"; exit 0; fi
until=$(( $(now) + ${seconds * 1000} ))
flow() {
  first=
  while [ "$(now)" -lt "$until" ]; do
    answer=$(printf hostname | nc -u -w 1 -p "$3" "$2" ${servicePorts.udp} 2>/dev/null)
    echo "said $1 \${answer:--}"
    first=\${first:-$answer}
    if [ -n "$answer" ] && [ "$answer" != "$first" ]; then return; fi
    sleep 0.3
  done
}
${targets.map(({ family, address }) => `flow ${family} ${address} ${sourcePorts[family]} &`).join('\n')}
wait
`

/** In order, what the flow got: a backend's name, `-` for nothing. */
export const answersOf = (stdout: string, family: IPFamily): string[] =>
  [...stdout.matchAll(/^said (IPv4|IPv6) (\S+)$/gm)].flatMap(([, of, name = '']) =>
    of === family ? [name] : [],
  )

export interface Replacement {
  readonly old: string
  readonly next: string
  /** How many answers there were when the new backend was ready; undefined: it never was. */
  readonly readyAfter: number | undefined
}

export function judgeFlow(answers: readonly string[], { old, next, readyAfter }: Replacement): Verdict {
  const last = answers.lastIndexOf(old)
  if (last < 0) {
    return notEvaluable({
      en: 'The Service did not answer over UDP before the change (see SVC-07)',
      ja: '変更前にServiceがUDPで応答しませんでした（SVC-07を参照）',
    })
  }
  const reached = next === '' ? -1 : answers.indexOf(next, last)
  if (reached >= 0) return pass(`${old}, then ${next} after ${reached - last - 1} lost`)
  const lost = readyAfter === undefined ? 0 : answers.length - Math.max(last + 1, readyAfter)
  if (lost < patience) {
    return notEvaluable({
      en: 'The new backend was ready too late to tell',
      ja: '新しいバックエンドの準備が遅く、判定できませんでした',
    })
  }
  return fail({
    expected: { en: 'the flow reaches the new backend', ja: 'フローが新しいバックエンドに届くこと' },
    observed: `${old}, then nothing for ${lost} datagrams to ${next}`,
    cause: {
      en: 'The proxy does not remove connection tracking entries of removed UDP endpoints in this family',
      ja: 'プロキシーが、このファミリーで削除されたUDPエンドポイントのconntrackエントリーを削除していません',
    },
    remedy: {
      en: 'Upgrade kube-proxy (and see that its image has conntrack, before 1.32); until then: conntrack -D -p udp --orig-dst CLUSTERIP on the node.',
      ja: 'kube-proxyをアップグレードしてください（1.32より前は、イメージにconntrackが含まれることも確認）。それまではノードで conntrack -D -p udp --orig-dst CLUSTERIP を実行してください。',
    },
  })
}

export const flowsOutliveBackends = defineCheck({
  id: 'SVC-17',
  title: {
    en: 'UDP flows outlive the replacement of a backend',
    ja: 'バックエンドの交換後もUDPフローが継続する',
  },
  section: 'services',
  severity: 'medium',
  profile: 'full',
  needs: ['traffic'],
  requires: ['SVC-07'],
  async run(context) {
    const { prober, workspace, inventory, clock, signal } = context
    const families = usableFamilies(context)
    const nodes = (await inventory.sampledNodes()).map(({ metadata }) => metadata.name ?? '')
    const start = (node: string) => prober.startServer({ check: 'SVC-17', node, labels: selector, signal })
    const old = await start(nodes.at(-1)!)
    const service = await createProbeService(context, { families, selector })
    const targets = families.flatMap(family =>
      ofFamily(clusterIPsOf(service), family).map(address => ({ family, address })),
    )
    const names = { old: old.pod.metadata.name ?? '', next: '' }
    let log = ''
    let logWhenReady: string | undefined
    let replacing: Promise<void> | undefined
    const replace = async () => {
      await clock.sleep(1500, signal)
      await workspace.remove(pods, names.old)
      names.next = (await start(nodes.at(-1)!)).pod.metadata.name ?? ''
      logWhenReady = log
    }
    const onOutput = (text: string) => {
      log = text
      if (families.every(family => answersOf(log, family).includes(names.old))) replacing ??= replace()
    }
    const options = { check: 'SVC-17', node: nodes[0]!, onOutput, signal, timeoutMs: 70_000 }
    const { stdout } = await prober.run(script(targets), options)
    await replacing
    if (stdout.includes('(no tool)')) {
      return notEvaluable({
        en: 'The image has no tool that sends datagrams from a fixed port',
        ja: '固定ポートからデータグラムを送信できるツールがイメージにありません',
      })
    }
    return forEachFamily(families, family => {
      const readyAfter = logWhenReady === undefined ? undefined : answersOf(logWhenReady, family).length
      return judgeFlow(answersOf(stdout, family), { ...names, readyAfter })
    })
  },
})
