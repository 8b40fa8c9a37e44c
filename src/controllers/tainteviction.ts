// Removes Pods from nodes whose NoExecute taints they do not tolerate, or no longer: kube-controller-
// manager's taint-eviction-controller.
import type { Pod, Taint, Toleration } from '../api/generated/types.ts'
import { withCondition } from '../api/meta/conditions.ts'
import { isNotFound } from '../api/status.ts'
import { keyOf } from '../client/informer.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import { podsOnNode } from './nodelifecycle.ts'
import { nodes, pods } from './resources.ts'
import { sameValue } from './samevalue.ts'

const noExecute = (taints: readonly Taint[] | undefined) =>
  (taints ?? []).filter(({ effect }) => effect === 'NoExecute')

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '')
}

/** Milliseconds that a Pod may stay: 0 not at all, Infinity for ever. */
export function staysForMs(tolerations: readonly Toleration[] | undefined, taints: readonly Taint[]): number {
  const used = taints.map(taint => (tolerations ?? []).filter(toleration => tolerates(toleration, taint)))
  if (used.some(matching => matching.length === 0)) return 0
  const seconds = used.flat().flatMap(({ tolerationSeconds }) => tolerationSeconds ?? [])
  return seconds.length === 0 ? Number.POSITIVE_INFINITY : Math.max(0, Math.min(...seconds)) * 1000
}

async function evict(pod: Pod, { client, clock, events, key }: ReconcileContext): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
  }
  const text = { reason: 'TaintManagerEviction', message: `Marking for deletion Pod ${key}` }
  events.event({ resource: pods, object: pod }, 'Normal', text)
  const conditions = [...withCondition(pod.status?.conditions ?? [], condition, clock.now())]
  try {
    await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } })
    await client.delete(pods, { namespace, name }, { preconditions: { uid } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

export function taintEvictionController() {
  /** Since when a Pod is living on borrowed time. */
  const since = new Map<string, number>()
  return defineController<Pod>({
    name: 'taint-eviction-controller',
    for: pods,
    matters: (pod, previous) =>
      pod.spec?.nodeName !== previous.spec?.nodeName ||
      !sameValue(pod.spec?.tolerations, previous.spec?.tolerations),
    watches: [
      onChange(
        nodes,
        (node, cache) =>
          noExecute(node.spec?.taints).length > 0 || since.size > 0
            ? podsOnNode(node.metadata.name ?? '', { cache }).map(keyOf)
            : [],
        (node, previous) => !sameValue(noExecute(node.spec?.taints), noExecute(previous.spec?.taints)),
      ),
    ],
    async reconcile(pod, context) {
      const { cache, clock, key, events } = context
      if (!pod.spec?.nodeName || pod.metadata.deletionTimestamp) return
      const taints = noExecute(cache.get(nodes, { name: pod.spec.nodeName })?.spec?.taints)
      const staysMs =
        taints.length === 0 ? Number.POSITIVE_INFINITY : staysForMs(pod.spec.tolerations, taints)
      if (staysMs === Number.POSITIVE_INFINITY) {
        if (!since.delete(key)) return
        const text = { reason: 'TaintManagerEviction', message: `Cancelling deletion of Pod ${key}` }
        return events.event({ resource: pods, object: pod }, 'Normal', text)
      }
      const start = since.get(key) ?? clock.now()
      since.set(key, start)
      const leftMs = start + staysMs - clock.now()
      if (leftMs > 0) return context.enqueueAfter(leftMs)
      since.delete(key)
      await evict(pod, context)
    },
    deleted: key => void since.delete(key),
  })
}
