// How to get from what the cluster is to dual stack: the steps that are left, in the order that keeps it
// working (KEP-563): addresses first, then Pods, then Services, then what uses them. The primary family is
// never among them: changing it takes existing ClusterIPs out of every range (kubernetes/kubernetes#131261).
import type { NetworkPolicy, Node, Pod, Service } from '../../api/generated/types.ts'
import { type IPFamilies, type IPFamily, otherFamily } from '../../ip/family.ts'
import { type CheckContext, defineCheck } from '../check.ts'
import { type Distribution, detectDistribution } from '../distribution.ts'
import { familiesOf, familiesOfCIDRs, internalIPsOf, podCIDRsOf } from '../nodefacts.ts'
import { namespacedName, ordinaryPods, podFamiliesOf } from '../podfacts.ts'
import type { Text } from '../text.ts'
import { familiesOfService } from '../trialservices.ts'
import { pass, skip, type Verdict, warn } from '../verdict.ts'
import { judgePolicies } from './NP-03.ts'

export interface Present {
  readonly families: IPFamilies
  readonly primary: IPFamily | undefined
  readonly version: { readonly major: number; readonly minor: number; readonly gitVersion: string }
  readonly distribution: Distribution
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
  readonly services: readonly Service[]
  readonly policies: readonly NetworkPolicy[]
}

interface Step {
  /** `2 nodes without an IPv6 address`. */
  readonly seen: string
  readonly todo: Text
}

type Planner = (present: Present, wanted: IPFamilies) => Step | undefined

const lacking = <T>(items: readonly T[], wanted: IPFamilies, families: (item: T) => IPFamilies) =>
  items.filter(item => wanted.some(family => !families(item).includes(family)))

const upgrade: Planner = ({ version }) =>
  version.major === 1 && version.minor < 23
    ? {
        seen: version.gitVersion,
        todo: {
          en: 'Upgrade to 1.23 or later, where dual stack is stable.',
          ja: 'デュアルスタックがGAとなった1.23以降にアップグレードします。',
        },
      }
    : undefined

const addresses: Planner = ({ nodes, distribution }, wanted) => {
  const found = lacking(nodes, wanted, node => familiesOf(internalIPsOf(node)))
  if (found.length === 0) return undefined
  const { en, ja } = distribution.nodeAddresses
  return {
    seen: `${found.length} of ${nodes.length} nodes lack an address`,
    todo: {
      en: `Give every node an address of both families, and turn forwarding on (sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1). ${en}`,
      ja: `すべてのノードに両方のファミリーのアドレスを設定し、フォワーディングを有効にします(sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1)。${ja}`,
    },
  }
}

const ranges: Planner = ({ nodes, pods, distribution }, wanted) => {
  const unserved = lacking(nodes, wanted, node => familiesOfCIDRs(podCIDRsOf(node)))
  const served = ordinaryPods(pods).some(pod => wanted.every(family => podFamiliesOf(pod).includes(family)))
  const isOwn = served && unserved.length === nodes.length
  if (unserved.length === 0 || isOwn) return undefined
  const { en, ja } = distribution.podRanges
  return {
    seen: `${unserved.length} of ${nodes.length} nodes lack a Pod range`,
    todo: {
      en: `Give Pods a second range, keeping the first one first; the CNI plugin needs it too (POD-01 says how). ${en}`,
      ja: `最初の範囲を先頭に保ったまま、Podに2つ目の範囲を追加します。CNIプラグインにも設定が必要です(方法はPOD-01を参照)。${ja}`,
    },
  }
}

const serviceRanges: Planner = ({ families, distribution, version }, wanted) => {
  if (families.length >= wanted.length) return undefined
  const { en, ja } = distribution.serviceRanges
  const isEarly = version.major === 1 && version.minor === 33
  return {
    seen: `Services: ${families.join(', ')}`,
    todo: {
      en: `Only when all nodes are done, give Services a second range. ${en}${isEarly ? ' Go to the latest 1.33 patch or 1.34 first: earlier ones do not convert the ServiceCIDR "kubernetes".' : ''}`,
      ja: `すべてのノードが完了してから、Serviceに2つ目の範囲を追加します。${ja}${isEarly ? ' 先に1.33の最新パッチまたは1.34に更新してください。それ以前ではServiceCIDR「kubernetes」が変換されません。' : ''}`,
    },
  }
}

const restart: Planner = ({ pods }, wanted) => {
  const all = ordinaryPods(pods)
  const found = lacking(all, wanted, podFamiliesOf)
  if (found.length === 0) return undefined
  return {
    seen: `${found.length} of ${all.length} Pods have one family`,
    todo: {
      en: 'Recreate the Pods, so that they get both addresses: kubectl rollout restart -n NAMESPACE deployment,daemonset,statefulset (POD-12 lists them).',
      ja: 'Podを作り直して両方のアドレスを割り当てます: kubectl rollout restart -n NAMESPACE deployment,daemonset,statefulset(一覧はPOD-12)。',
    },
  }
}

const services: Planner = ({ services: all }, wanted) => {
  const own = all.filter(
    service => service.spec?.type !== 'ExternalName' && namespacedName(service) !== 'default/kubernetes',
  )
  const found = lacking(own, wanted, familiesOfService)
  if (found.length === 0) return undefined
  return {
    seen: `${found.length} of ${own.length} Services have one family`,
    todo: {
      en: 'Give Services that should have both families ipFamilyPolicy: PreferDualStack, in their charts or with kubectl patch (SVC-21 lists them); their first ClusterIP stays. Let applications listen on :: instead of 0.0.0.0.',
      ja: '両方のファミリーが必要なServiceに、Helmチャートまたはkubectl patchでipFamilyPolicy: PreferDualStackを設定します(一覧はSVC-21)。最初のClusterIPは変わりません。アプリケーションは0.0.0.0ではなく::で待ち受けるようにしてください。',
    },
  }
}

const policies: Planner = ({ policies: all }, wanted) => {
  const found = wanted.filter(family => judgePolicies(all, family).outcome !== 'pass')
  if (found.length === 0) return undefined
  return {
    seen: `NetworkPolicies without ${found.join(', ')}`,
    todo: {
      en: 'Add the other family to NetworkPolicies before Services get it (NP-03 says where): what has no rule is blocked, or open.',
      ja: 'Serviceにファミリーを追加する前に、NetworkPolicyにもう一方のファミリーを追加します(該当箇所はNP-03)。ルールがない通信は遮断されるか、許可されたままになります。',
    },
  }
}

const planners: readonly Planner[] = [upgrade, addresses, ranges, policies, serviceRanges, restart, services]

const primaryStays = (family: IPFamily): Text => ({
  en: `The primary family stays ${family}: the first range of every flag is not touched.`,
  ja: `プライマリファミリーは${family}のままです。各フラグの最初の範囲は変更しないでください。`,
})

const otherPrimary = ({ families, primary }: Present): Verdict | undefined => {
  const current = families[0]
  if (primary === undefined || primary === current) return undefined
  return warn({
    expected: { en: `primary family ${primary}`, ja: `プライマリファミリーが${primary}であること` },
    observed: families.join(', '),
    cause: {
      en: 'A change of the primary family is no migration: the ClusterIPs of existing Services, the Service kubernetes and the certificates are of the old one',
      ja: 'プライマリファミリーの変更は移行では行えません。既存のServiceのClusterIP、kubernetes Service、証明書は元のファミリーのままになります',
    },
    remedy: {
      en: `Do not swap the ranges of this cluster. Create a new cluster with ${primary} first and move the workloads; or keep ${current} as primary and let the Services that need it ask for ipFamilies: [${primary}, ${current}].`,
      ja: `このクラスターの範囲の順序を入れ替えないでください。${primary}を先頭にした新しいクラスターを作成してワークロードを移行するか、プライマリを${current}のままにして、必要なServiceでipFamilies: [${primary}, ${current}]を指定してください。`,
    },
  })
}

const numbered = (texts: readonly string[]) => texts.map((text, index) => `${index + 1}. ${text}`).join('\n')

export function planMigration(present: Present): Verdict {
  const refused = otherPrimary(present)
  if (refused) return refused
  const primary = present.families[0] ?? 'IPv4'
  const wanted = [primary, otherFamily(primary)]
  const steps = planners.flatMap(plan => plan(present, wanted) ?? [])
  if (steps.length === 0) return pass(`${wanted.join(', ')}: nothing left to do`)
  const todo = [...steps.map(step => step.todo), primaryStays(primary)]
  return warn({
    expected: {
      en: `dual stack, ${wanted.join(', ')}, everywhere`,
      ja: `全体がデュアルスタック(${wanted.join('、')})であること`,
    },
    observed: steps.map(({ seen }) => seen).join('; '),
    cause: {
      en: `${steps.length === 1 ? 'One step is' : `${steps.length} steps are`} left, in this order`,
      ja: `次の順序で${steps.length}つの手順が残っています`,
    },
    remedy: { en: numbered(todo.map(({ en }) => en)), ja: numbered(todo.map(({ ja }) => ja)) },
  })
}

async function readPresent({ inventory, mode, settings, version }: CheckContext): Promise<Present> {
  const [nodes, pods, all, networkPolicies] = await Promise.all([
    inventory.nodes(),
    inventory.pods(),
    inventory.services(),
    inventory.networkPolicies(),
  ])
  const isOwn = ({ metadata }: Service | Pod) =>
    metadata.labels?.['app.kubernetes.io/managed-by'] === 'futago-verify'
  return {
    families: mode.families,
    primary: settings.primary,
    version,
    distribution: detectDistribution(version.gitVersion, nodes),
    nodes,
    pods: pods.filter(pod => !isOwn(pod)),
    services: all.filter(service => !isOwn(service)),
    policies: networkPolicies,
  }
}

export const migrationIsDone = defineCheck({
  id: 'MIG-01',
  title: {
    en: 'Nothing is left to do on the way to dual stack',
    ja: 'デュアルスタックへの移行が完了している',
  },
  section: 'beyond',
  severity: 'information',
  profile: 'full',
  async run(context) {
    const { expect } = context.settings
    if (expect === 'ipv4' || expect === 'ipv6') {
      return skip({
        en: `One family is expected (--expect ${expect}): there is nothing to migrate`,
        ja: `1つのファミリーのみが想定されています(--expect ${expect})。移行は不要です`,
      })
    }
    return planMigration(await readPresent(context))
  },
})
