// Ready Pods that do not answer in one of their families: readiness is probed over the primary one alone, so
// nobody notices. Those behind dual-stack Services are WRK-01's.
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { listSome } from '../nodefacts.ts'
import { notEvaluable, pass, type Verdict, warn } from '../verdict.ts'
import { lonePodsOf } from '../workloads.ts'
import { answering, type Reached, reach, showDeaf } from './WRK-01.ts'

export function judgeReadyPods(reached: readonly Reached[], family: IPFamily): Verdict {
  const judged = answering(reached)
  if (judged.length === 0) {
    return notEvaluable({
      en: 'No ready Pod outside of dual-stack Services names a TCP port on which it answers',
      ja: 'デュアルスタックのService以外に、宣言したTCPポートで応答するReadyのPodがありません',
    })
  }
  const deaf = judged.filter(({ families }) => !families.includes(family))
  if (deaf.length === 0) return pass(`${judged.length} Pods`)
  return warn({
    expected: {
      en: `ready Pods answer over ${family} as well`,
      ja: `ReadyのPodが${family}でも応答すること`,
    },
    observed: listSome(deaf.map(showDeaf), '; '),
    cause: {
      en: 'The program listens in one family; the kubelet probes readiness over the first address only, which works',
      ja: 'プログラムが1つのファミリーでのみ待ち受けています。kubeletは最初のアドレスでのみReadinessを確認するため、問題が検出されません',
    },
    remedy: {
      en: 'Let the program listen on ::, before it gets a dual-stack Service. A readiness probe of type exec can ask both families.',
      ja: 'デュアルスタックのServiceを割り当てる前に、プログラムが::で待ち受けるようにしてください。exec型のReadiness Probeでは両方のファミリーを確認できます。',
    },
  })
}

export const readyPodsAnswerInBothFamilies = defineCheck({
  id: 'WRK-02',
  title: {
    en: 'Ready Pods answer in each of their families',
    ja: 'ReadyのPodが各ファミリーで応答する',
  },
  section: 'beyond',
  severity: 'medium',
  profile: 'full',
  needs: ['traffic'],
  requires: ['POD-09'],
  async run(context) {
    const { inventory, families } = context
    const [services, pods] = await Promise.all([inventory.services(), inventory.pods()])
    const reached = await reach(context, lonePodsOf({ services, pods }), 'WRK-02')
    return forEachFamily(families, family => judgeReadyPods(reached, family))
  },
})
