// All nodes have the same families: a fleet that is half converted gives dual-stack Services endpoints that
// exist in one family only. Counted per operating system, since Windows nodes are often the ones left behind.
import type { Node } from '../../api/generated/types.ts'
import type { IPFamilies } from '../../ip/family.ts'
import { defineCheck } from '../check.ts'
import {
  familiesOf,
  familiesOfCIDRs,
  internalIPsOf,
  listSome,
  nameOf,
  operatingSystemOf,
  podCIDRsOf,
} from '../nodefacts.ts'
import { fail, notEvaluable, pass, type Verdict } from '../verdict.ts'

interface Group {
  readonly system: string
  readonly families: string
  readonly names: string[]
}

/** Of the node, out of those wanted; a range counts only for families in which some node has one. */
function familiesOfNode(node: Node, families: IPFamilies, ranged: ReadonlySet<string>): string {
  const addressed = familiesOf(internalIPsOf(node))
  const ranges = familiesOfCIDRs(podCIDRsOf(node))
  const has = families.filter(
    family => addressed.includes(family) && (!ranged.has(family) || ranges.includes(family)),
  )
  return has.join(' + ') || '-'
}

export function groupNodes(nodes: readonly Node[], families: IPFamilies): readonly Group[] {
  const ranged = new Set<string>(nodes.flatMap(node => familiesOfCIDRs(podCIDRsOf(node))))
  const groups = new Map<string, Group>()
  for (const node of nodes) {
    const system = operatingSystemOf(node)
    const has = familiesOfNode(node, families, ranged)
    const group = groups.get(`${system} ${has}`) ?? { system, families: has, names: [] }
    group.names.push(nameOf(node))
    groups.set(`${system} ${has}`, group)
  }
  return [...groups.values()]
}

const show = ({ system, families, names }: Group) =>
  `${system} ${families}: ${names.length} (${listSome(names)})`

export function judgeUniformity(nodes: readonly Node[], families: IPFamilies): Verdict {
  const groups = groupNodes(nodes, families)
  if (groups.length === 0) {
    return notEvaluable({ en: 'The cluster has no nodes', ja: 'クラスターにノードがありません' })
  }
  const kinds = new Set(groups.map(group => group.families))
  if (kinds.size === 1) {
    return pass(groups.map(group => `${group.system} ${group.families}: ${group.names.length}`).join('; '))
  }
  return fail({
    expected: { en: 'the same families on all nodes', ja: 'すべてのノードが同じファミリーを持つこと' },
    observed: groups.map(show).join('; '),
    cause: {
      en: 'A rollout of the second family is not finished, or a node pool was left out of it',
      ja: '2つ目のファミリーの展開が完了していないか、対象から漏れたノードプールがあります',
    },
    remedy: {
      en: 'Finish the rollout (NODE-01 and NODE-04 say what each node lacks), or cordon these nodes (kubectl cordon NODE) before dual-stack Services are created: their Pods are no endpoints of the missing family.',
      ja: '展開を完了するか(各ノードの不足はNODE-01とNODE-04に表示されます)、デュアルスタックのServiceを作成する前に該当ノードをcordonしてください(kubectl cordon NODE)。これらのノードのPodは、不足するファミリーのエンドポイントになりません。',
    },
  })
}

export const nodesAreUniform = defineCheck({
  id: 'NODE-07',
  title: { en: 'All nodes have the same families', ja: 'すべてのノードが同じファミリーを持つ' },
  section: 'nodes',
  severity: 'high',
  profile: 'quick',
  async run({ families, inventory }) {
    return judgeUniformity(await inventory.nodes(), families)
  },
})
