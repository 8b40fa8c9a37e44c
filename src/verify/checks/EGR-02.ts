// The source address that the outside sees: the Pod's own, or the node's (or another's) by masquerading.
// Both can be meant; a family that differs from the other one seldom is. Asked of a target that tells it:
// agnhost's /clientip, or the trace page of the default targets.
import type { Node } from '../../api/generated/types.ts'
import { canonicalAddress } from '../../ip/address.ts'
import type { IPFamily } from '../../ip/family.ts'
import { joinHostPort, splitHostPort } from '../../ip/hostport.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { type EgressTarget, egressTargets } from '../egress.ts'
import { addressesOf, nameOf } from '../nodefacts.ts'
import { httpURL, parseProbes } from '../traffic.ts'
import { notEvaluable, pass, type Verdict } from '../verdict.ts'

export interface SeenSource {
  readonly node: Node
  readonly family: IPFamily
  readonly podIPs: readonly string[]
  /** What the target answered; empty: nothing. */
  readonly answer: string
}

/** `10.0.0.1:4711`, `[fd00::1]:4711`, or a page with a line `ip=10.0.0.1`. */
export function parseSource(answer: string): string | undefined {
  const traced = /(?:^|\s)ip=([0-9a-fA-F.:]+)/.exec(answer)?.[1]
  const text = traced ?? answer.trim()
  return canonicalAddress(splitHostPort(text)?.host ?? text)
}

function describe({ node, podIPs, answer }: SeenSource): string | undefined {
  const source = parseSource(answer)
  if (source === undefined) return undefined
  const own = [...addressesOf(node, 'InternalIP'), ...addressesOf(node, 'ExternalIP')]
  const isOf = (addresses: readonly string[]) => addresses.some(each => canonicalAddress(each) === source)
  const what = isOf(podIPs) ? "the Pod's own" : isOf(own) ? "SNAT, the node's" : 'SNAT, beyond the node'
  return `${nameOf(node)}: ${source} (${what})`
}

export function judgeSources(seen: readonly SeenSource[], family: IPFamily): Verdict {
  const told = seen.filter(each => each.family === family).flatMap(each => describe(each) ?? [])
  if (told.length > 0) return pass(told.join('; '))
  return notEvaluable({
    en: `No ${family} target tells the address it sees; run agnhost netexec outside of the cluster and name it: --egress-target ${joinHostPort('ADDRESS', 'PORT')}`,
    ja: `送信元アドレスを返す${family}の宛先がありません。クラスターの外部でagnhost netexecを実行し、--egress-target ${joinHostPort('ADDRESS', 'PORT')}で指定してください`,
  })
}

/** Default targets are asked on their plain port. */
const urlOf = ({ address, port, isDefault }: EgressTarget) =>
  isDefault ? httpURL(address, 80, '/cdn-cgi/trace') : httpURL(address, port, '/clientip')

export const outsideSeesSource = defineCheck({
  id: 'EGR-02',
  title: { en: 'The source address that the outside sees', ja: '外部から見える送信元アドレス' },
  section: 'beyond',
  severity: 'information',
  profile: 'full',
  needs: ['egress'],
  requires: ['EGR-01'],
  async run({ prober, inventory, families, settings, signal }) {
    const targets = egressTargets(settings, families)
    const nodes = await inventory.sampledNodes()
    const lines = targets.map(target => `probe ${target.family} http '${urlOf(target)}' 5`)
    const seen = await Promise.all(
      nodes.map(async node => {
        const script = `${lines.join('\n')}\nsettle`
        const result = await prober.run(script, { check: 'EGR-02', node: nameOf(node), signal })
        const probes = parseProbes(result.stdout)
        return targets.map(({ family }) => {
          const probe = probes.get(family)
          const answer = probe?.code === 0 ? probe.output : ''
          return { node, family, podIPs: result.podIPs, answer }
        })
      }),
    )
    return forEachFamily(families, family => judgeSources(seen.flat(), family))
  },
})
