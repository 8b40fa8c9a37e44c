// Runs one Pod of a DaemonSet on every node it fits: kube-controller-manager's daemonset-controller.
import type { ControllerRevision, DaemonSet, DaemonSetStatus, Pod } from '../api/generated/types.ts'
import { controllerReference } from '../api/meta/owners.ts'
import { claim } from './claim.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import { type DaemonState, daemonSpec, nodeVerdict, planDaemons, podsByNode } from './daemonplan.ts'
import { hashOf, revisionLabel, syncHistory, trimHistory } from './history.ts'
import { createPod, deletePod, inGrowingBatches, podFromTemplate, podNamePrefix } from './podcontrol.ts'
import { isPodAvailable, isPodReady } from './podstate.ts'
import { daemonSets, nodes, pods } from './resources.ts'
import { sameStatus, sameValue } from './samevalue.ts'

const maxPodsAtOnce = 250

export function planDaemonStatus(set: DaemonSet, state: DaemonState): DaemonSetStatus {
  const byNode = podsByNode(state.pods)
  const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 }
  for (const node of state.nodes) {
    const alive = (byNode.get(node.metadata.name ?? '') ?? []).filter(pod => !pod.metadata.deletionTimestamp)
    const [pod] = alive.sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)))
    if (!nodeVerdict(set, node).shouldRun) {
      if (pod) count.misscheduled++
      continue
    }
    count.desired++
    if (!pod) continue
    count.current++
    if (isPodReady(pod)) count.ready++
    if (isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, state.nowMs)) count.available++
    if (pod.metadata.labels?.[revisionLabel] === state.hash) count.updated++
  }
  const positive = (field: keyof DaemonSetStatus, value: number) => (value > 0 ? { [field]: value } : {})
  return {
    currentNumberScheduled: count.current,
    numberMisscheduled: count.misscheduled,
    desiredNumberScheduled: count.desired,
    numberReady: count.ready,
    ...positive('observedGeneration', set.metadata.generation ?? 0),
    ...positive('updatedNumberScheduled', count.updated),
    ...positive('numberAvailable', count.available),
    ...positive('numberUnavailable', count.desired - count.available),
    ...positive('collisionCount', set.status?.collisionCount ?? 0),
  }
}

function podFor(set: DaemonSet, node: string, hash: string): Pod {
  const { name = '', namespace, generation = 1 } = set.metadata
  const reference = controllerReference(daemonSets, set)
  const template = set.spec?.template
  const pod = podFromTemplate(template, { namespace, generateName: podNamePrefix(name), reference })
  const labels = {
    ...pod.metadata.labels,
    [revisionLabel]: hash,
    'pod-template-generation': String(generation),
  }
  return { ...pod, metadata: { ...pod.metadata, labels }, spec: daemonSpec(template?.spec, node) }
}

async function reconcile(set: DaemonSet, context: ReconcileContext): Promise<void> {
  const { client, cache, clock, events } = context
  const owner = { resource: daemonSets, object: set }
  if (set.metadata.deletionTimestamp) return
  const shared = { owner: set, ownerResource: daemonSets, client, cache }
  const owned = await claim({ ...shared, resource: pods, selector: set.spec?.selector })
  const history = await syncHistory(shared)
  const hash = hashOf(history.current)
  const state = { nodes: cache.list(nodes), pods: owned, hash, nowMs: clock.now() }
  const plan = planDaemons(set, state)
  for (const pod of plan.failed) {
    const where = `${pod.metadata.namespace}/${pod.metadata.name} on node ${pod.spec?.nodeName}`
    const message = `Found failed daemon pod ${where}, will try to kill it`
    events.event(owner, 'Warning', { reason: 'FailedDaemonPod', message })
  }
  const create = plan.create.slice(0, maxPodsAtOnce)
  await inGrowingBatches(create.length, i => createPod(context, owner, podFor(set, create[i] ?? '', hash)))
  const remove = [...plan.remove, ...plan.failed].slice(0, maxPodsAtOnce)
  await Promise.all(remove.map(pod => deletePod(context, owner, pod)))
  const inUse = new Set(owned.map(({ metadata }) => metadata.labels?.[revisionLabel] ?? ''))
  const isInUse = (revision: ControllerRevision) => inUse.has(hashOf(revision))
  await trimHistory(history, { limit: set.spec?.revisionHistoryLimit ?? 10, isInUse, client })
  const status = planDaemonStatus(set, { ...state, pods: cache.ownedBy(pods, set) })
  if (!sameStatus(status, set.status)) await client.updateStatus(daemonSets, { ...set, status })
  const minReadyMs = (set.spec?.minReadySeconds ?? 0) * 1000
  if (minReadyMs > 0 && status.numberReady !== (status.numberAvailable ?? 0)) context.enqueueAfter(minReadyMs)
}

export const daemonSetController = defineController<DaemonSet>({
  name: 'daemonset-controller',
  for: daemonSets,
  owns: [pods],
  watches: [
    onChange(
      nodes,
      (_, cache) => cache.list(daemonSets).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      (node, previous) =>
        !sameValue(node.metadata.labels, previous.metadata.labels) ||
        !sameValue(node.spec?.taints, previous.spec?.taints),
    ),
  ],
  reconcile,
})
