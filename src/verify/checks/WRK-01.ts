// Dual-stack Services whose backends listen in one family only, mostly because the program binds 0.0.0.0:
// half of the clients are told an address that refuses them.
import type { IPFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck, forEachFamily } from '../check.ts'
import { listSome, nameOf } from '../nodefacts.ts'
import { parseProbes } from '../traffic.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'
import { backendsOf, type Listener } from '../workloads.ts'

/** Which families a listener was reached in. */
export interface Reached {
  readonly listener: Listener
  readonly families: readonly IPFamily[]
}

/** Connects to each address of each listener, from one probe Pod. */
export async function reach(
  { prober, inventory, signal }: CheckContext,
  listeners: readonly Listener[],
  check: string,
): Promise<readonly Reached[]> {
  const [node] = await inventory.sampledNodes()
  if (!node || listeners.length === 0) return []
  const lines = listeners.flatMap(({ addresses, port }, index) =>
    Object.entries(addresses).map(
      ([family, address]) => `probe '${index} ${family}' tcp ${address} ${port} 2`,
    ),
  )
  const script = `${lines.join('\n')}\nsettle`
  const { stdout } = await prober.run(script, { check, node: nameOf(node), signal })
  const probes = parseProbes(stdout)
  return listeners.map((listener, index) => ({
    listener,
    families: (Object.keys(listener.addresses) as IPFamily[]).filter(
      family => probes.get(`${index} ${family}`)?.code === 0,
    ),
  }))
}

/** What answers in no family is silent for another reason: a policy, a program that is busy. */
export const answering = (reached: readonly Reached[]): readonly Reached[] =>
  reached.filter(({ families }) => families.length > 0)

export const showDeaf = ({ listener, families }: Reached): string =>
  `${listener.name} port ${listener.port}: ${families.join(', ')} only`

export function judgeBackends(reached: readonly Reached[], family: IPFamily): Verdict {
  const judged = answering(reached)
  if (judged.length === 0) {
    return notEvaluable({
      en: 'No dual-stack Service of yours has a backend that answers over TCP',
      ja: 'TCPで応答するバックエンドを持つデュアルスタックのServiceがありません',
    })
  }
  const deaf = judged.filter(({ families }) => !families.includes(family))
  if (deaf.length === 0) return pass(`${judged.length} ports of Services`)
  return fail({
    expected: {
      en: `backends of dual-stack Services answer over ${family} as well`,
      ja: `デュアルスタックのServiceのバックエンドが${family}でも応答すること`,
    },
    observed: listSome(deaf.map(showDeaf), '; '),
    cause: {
      en: `The program listens on addresses of the other family only (such as 0.0.0.0), or its NetworkPolicy lets only that in`,
      ja: 'プログラムがもう一方のファミリーのアドレス(0.0.0.0など)でのみ待ち受けているか、NetworkPolicyがそのファミリーのみを許可しています',
    },
    remedy: {
      en: 'Let the program listen on :: (which takes both families on Linux; nginx: listen [::]:80, Java: no -Djava.net.preferIPv4Stack), or make the Service what its program is: ipFamilyPolicy: SingleStack.',
      ja: 'プログラムが::で待ち受けるようにするか(Linuxでは両方のファミリーを受け付けます。nginx: listen [::]:80、Java: -Djava.net.preferIPv4Stackを外す)、ServiceをipFamilyPolicy: SingleStackにしてください。',
    },
  })
}

export const backendsAnswerInBothFamilies = defineCheck({
  id: 'WRK-01',
  title: {
    en: 'Backends of dual-stack Services answer in both families',
    ja: 'デュアルスタックのServiceのバックエンドが両方のファミリーで応答する',
  },
  section: 'beyond',
  severity: 'high',
  profile: 'full',
  needs: ['traffic'],
  requires: ['POD-09'],
  async run(context) {
    const { inventory, families } = context
    const [services, slices, pods] = await Promise.all([
      inventory.services(),
      inventory.endpointSlices(),
      inventory.pods(),
    ])
    const reached = await reach(context, backendsOf({ services, slices, pods }), 'WRK-01')
    return forEachFamily(families, family => judgeBackends(reached, family))
  },
})
