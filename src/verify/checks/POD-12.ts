// Pods that run with one family in a cluster of two: they started before the cluster, the node or the CNI
// plugin had the second one, and keep what they got until they are recreated.
import type { Pod } from '../../api/generated/types.ts'
import type { IPFamily } from '../../ip/family.ts'
import { defineCheck, forEachFamily } from '../check.ts'
import { listSome } from '../nodefacts.ts'
import { ordinaryPods, ownerOf, podFamiliesOf } from '../podfacts.ts'
import { notEvaluable, pass, type Verdict, warn } from '../verdict.ts'

/** `shop/Deployment/web (3)`: who has how many. */
function byOwner(pods: readonly Pod[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const pod of pods) counts.set(ownerOf(pod), (counts.get(ownerOf(pod)) ?? 0) + 1)
  return [...counts].map(([owner, count]) => `${owner} (${count})`)
}

export function judgePods(all: readonly Pod[], family: IPFamily): Verdict {
  const pods = ordinaryPods(all)
  if (pods.length === 0) {
    return notEvaluable({
      en: 'No Pod runs outside of the host network',
      ja: 'ホストネットワーク以外で実行中のPodがありません',
    })
  }
  const single = pods.filter(pod => !podFamiliesOf(pod).includes(family))
  if (single.length === 0) return pass(`${pods.length} Pods`)
  return warn({
    expected: {
      en: `an ${family} address on every running Pod`,
      ja: `実行中のすべてのPodに${family}アドレスがあること`,
    },
    observed: `${single.length} of ${pods.length} Pods: ${listSome(byOwner(single))}`,
    cause: {
      en: `They started before their node or the CNI plugin had ${family}; a Pod's addresses never change`,
      ja: `ノードまたはCNIプラグインが${family}に対応する前に起動しました。Podのアドレスは後から変更されません`,
    },
    remedy: {
      en: 'Recreate them: kubectl rollout restart -n NAMESPACE deployment/NAME (likewise daemonset, statefulset). If new Pods lack the address too, see POD-01.',
      ja: '作り直してください: kubectl rollout restart -n NAMESPACE deployment/NAME(daemonset、statefulsetも同様)。新しいPodにもアドレスがない場合は、POD-01を参照してください。',
    },
  })
}

export const podsHaveFamilies = defineCheck({
  id: 'POD-12',
  title: { en: 'Running Pods have an address per family', ja: '実行中のPodがファミリーごとのアドレスを持つ' },
  section: 'pods',
  severity: 'information',
  profile: 'quick',
  async run({ inventory, families }) {
    const pods = await inventory.pods()
    return forEachFamily(families, family => judgePods(pods, family))
  },
})
