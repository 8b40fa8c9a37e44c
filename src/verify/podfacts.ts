// What a Pod says about its families, read alike by every check.
import type { Pod } from '../api/generated/types.ts'
import { isConditionTrue } from '../api/meta/conditions.ts'
import { familiesOf, nameOf } from './nodefacts.ts'

export const podIPsOf = ({ status }: Pod): readonly string[] => (status?.podIPs ?? []).map(({ ip }) => ip)

export const isHostNetwork = ({ spec }: Pod): boolean => spec?.hostNetwork === true

/** Has its addresses and keeps them: neither starting nor ending. */
export const isRunning = ({ metadata, status }: Pod): boolean =>
  status?.phase === 'Running' && metadata.deletionTimestamp === undefined

export const isReady = (pod: Pod): boolean =>
  isRunning(pod) && isConditionTrue(pod.status?.conditions, 'Ready')

export const podFamiliesOf = (pod: Pod) => familiesOf(podIPsOf(pod))

export const namespacedName = ({
  metadata,
}: {
  readonly metadata: { readonly namespace?: string; readonly name?: string }
}): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`

/**
 * Who would have to be restarted: `kube-system/DaemonSet/kube-proxy`; a ReplicaSet's name without its hash,
 * as that of the Deployment.
 */
export function ownerOf(pod: Pod): string {
  const namespace = pod.metadata.namespace ?? ''
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)
  if (!owner) return `${namespace}/Pod/${nameOf(pod)}`
  const hash = pod.metadata.labels?.['pod-template-hash']
  return owner.kind === 'ReplicaSet' && hash && owner.name.endsWith(`-${hash}`)
    ? `${namespace}/Deployment/${owner.name.slice(0, -hash.length - 1)}`
    : `${namespace}/${owner.kind}/${owner.name}`
}

/** Whether Pods get addresses of their own in none of the nodes' ranges is the CNI plugin's to decide. */
export const ordinaryPods = (pods: readonly Pod[]): readonly Pod[] =>
  pods.filter(pod => isRunning(pod) && !isHostNetwork(pod) && podIPsOf(pod).length > 0)
