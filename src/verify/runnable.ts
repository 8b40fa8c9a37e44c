// Why a check cannot run here: what it needs is switched off, impossible on these nodes, or not allowed.
import type { Check, CheckContext, Need } from './check.ts'
import { type MissingRight, nameRight, needsOf } from './rights.ts'
import type { VerifySettings } from './settings.ts'
import type { Text } from './text.ts'
import { notEvaluable, skip, type Verdict } from './verdict.ts'

interface Switch {
  readonly need: Need
  isOff(settings: VerifySettings): boolean
  readonly reason: Text
}

const switches: readonly Switch[] = [
  {
    need: 'write',
    isOff: ({ readOnly }) => readOnly,
    reason: { en: 'creates objects (--read-only)', ja: 'オブジェクトの作成が必要です（--read-only）' },
  },
  {
    need: 'nodePort',
    isOff: ({ createNodePorts }) => !createNodePorts,
    reason: { en: 'creates NodePorts (--no-node-ports)', ja: 'NodePortの作成が必要です（--no-node-ports）' },
  },
  {
    need: 'loadBalancer',
    isOff: ({ createLoadBalancers }) => !createLoadBalancers,
    reason: {
      en: 'creates load balancers (--no-load-balancers)',
      ja: 'LoadBalancerの作成が必要です（--no-load-balancers）',
    },
  },
  {
    need: 'egress',
    isOff: ({ egressTargets }) => egressTargets === undefined,
    reason: {
      en: 'asks something outside of the cluster (--egress-target none)',
      ja: 'クラスター外への接続が必要です（--egress-target none）',
    },
  },
]

/** Undefined: nothing is in the way. */
export async function reasonNotToRun(
  check: Check,
  { settings, inventory }: Pick<CheckContext, 'settings' | 'inventory'>,
): Promise<Verdict | undefined> {
  const needs = needsOf(check)
  const off = switches.find(({ need, isOff }) => needs.has(need) && isOff(settings))
  if (off) return skip(off.reason)
  if (!needs.has('probe')) return undefined
  const { carries, runsPods, evidence } = await inventory.carriesTraffic()
  if (!runsPods) {
    return notEvaluable({
      en: `Pods do not run on simulated nodes (${evidence})`,
      ja: `シミュレートされたノードではPodが実行されません（${evidence}）`,
    })
  }
  if (carries || !needs.has('traffic')) return undefined
  return notEvaluable({
    en: `no packets flow between simulated nodes (${evidence})`,
    ja: `シミュレートされたノードの間ではパケットが流れません（${evidence}）`,
  })
}

export function reasonOfRights({ id }: Check, missing: readonly MissingRight[]): Verdict | undefined {
  const names = missing.filter(({ checks }) => checks.includes(id)).map(nameRight)
  if (names.length === 0) return undefined
  return skip({
    en: `no right to ${names.join(', ')} (see futago verify --print-role)`,
    ja: `権限がありません: ${names.join(', ')}（futago verify --print-role を参照）`,
  })
}
