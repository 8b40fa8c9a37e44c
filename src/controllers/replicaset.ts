// Keeps as many Pods as a ReplicaSet asks for: kube-controller-manager's pkg/controller/replicaset.
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../api/generated/types.ts'
import { findCondition, withCondition, withoutCondition } from '../api/meta/conditions.ts'
import { controllerOf } from '../api/meta/owners.ts'
import type { Cache } from './cache.ts'
import { claim, wouldAdopt } from './claim.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import { choosePodsToDelete } from './deletionorder.ts'
import { carryOutPlan, messageOf, type ReplicaPlan } from './podcontrol.ts'
import { isPodActive, isPodAvailable, isPodReady, isPodTerminating } from './podstate.ts'
import { pods, replicaSets } from './resources.ts'
import { sameStatus } from './samevalue.ts'

/** At most so many Pods are made or removed in one go. */
const burst = 500
/** From this size on a ReplicaSet is looked at less often than its Pods change. */
const largeSet = 200

/** What is to be done about the ReplicaSet's active Pods. */
export function planReplicas(
  set: ReplicaSet,
  active: readonly Pod[],
  options: { readonly related: readonly Pod[]; readonly nowMs: number },
): ReplicaPlan {
  const missing = (set.spec?.replicas ?? 1) - active.length
  if (missing >= 0) return { create: Math.min(missing, burst), remove: [] }
  const count = Math.min(-missing, burst)
  return { create: 0, remove: choosePodsToDelete(active, { ...options, count }) }
}

export interface ReplicaSetState {
  readonly active: readonly Pod[]
  readonly terminating: number
  /** Why Pods could not be made or removed. */
  readonly failure?: unknown
  readonly nowMs: number
}

export function planStatus(set: ReplicaSet, state: ReplicaSetState): ReplicaSetStatus {
  const { active, nowMs } = state
  const template = Object.entries(set.spec?.template?.metadata?.labels ?? {})
  let fullyLabeled = 0
  let ready = 0
  let available = 0
  for (const pod of active) {
    if (template.every(([key, value]) => pod.metadata.labels?.[key] === value)) fullyLabeled++
    if (!isPodReady(pod)) continue
    ready++
    if (isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs)) available++
  }
  const conditions = planConditions(set, state)
  return {
    replicas: active.length,
    ...(fullyLabeled > 0 ? { fullyLabeledReplicas: fullyLabeled } : {}),
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    ...(available > 0 ? { availableReplicas: available } : {}),
    terminatingReplicas: state.terminating,
    ...(set.metadata.generation ? { observedGeneration: set.metadata.generation } : {}),
    ...(conditions.length > 0 ? { conditions: [...conditions] } : {}),
  }
}

function planConditions(set: ReplicaSet, { active, failure, nowMs }: ReplicaSetState) {
  const conditions: readonly ReplicaSetCondition[] = set.status?.conditions ?? []
  if (failure === undefined) return withoutCondition(conditions, 'ReplicaFailure')
  if (findCondition(conditions, 'ReplicaFailure')) return conditions
  const reason = active.length < (set.spec?.replicas ?? 1) ? 'FailedCreate' : 'FailedDelete'
  const message = messageOf(failure)
  return withCondition(conditions, { type: 'ReplicaFailure', status: 'True', reason, message }, nowMs)
}

async function manage(set: ReplicaSet, active: readonly Pod[], context: ReconcileContext): Promise<void> {
  const { cache, clock } = context
  const owner = { resource: replicaSets, object: set }
  const surplus = active.length > (set.spec?.replicas ?? 1)
  const related = surplus ? relatedPods(set, active, cache) : []
  const plan = planReplicas(set, active, { related, nowMs: clock.now() })
  await carryOutPlan(context, owner, { ...plan, template: set.spec?.template })
}

/** The active Pods of all ReplicaSets that have the same controller. */
function relatedPods(set: ReplicaSet, active: readonly Pod[], cache: Cache): Pod[] {
  const controller = controllerOf(set)
  if (!controller) return [...active]
  const siblings = cache.informer(replicaSets)
  siblings.addIndex('controller', object => [controllerOf(object)?.uid ?? ''])
  return siblings
    .byIndex('controller', controller.uid)
    .flatMap(sibling => cache.ownedBy(pods, sibling))
    .filter(isPodActive)
}

async function reconcile(set: ReplicaSet, context: ReconcileContext): Promise<void> {
  const { client, cache, clock } = context
  const claimed = await claim({
    owner: set,
    ownerResource: replicaSets,
    resource: pods,
    selector: set.spec?.selector,
    client,
    cache,
    adoptable: isPodActive,
  })
  const active = claimed.filter(isPodActive)
  let failure: unknown
  if (!set.metadata.deletionTimestamp) {
    await manage(set, active, context).catch(error => {
      failure = error ?? new Error('unknown')
    })
  }
  const terminating = claimed.filter(isPodTerminating).length
  const status = planStatus(set, { active, terminating, failure, nowMs: clock.now() })
  if (!sameStatus(status, set.status)) await client.updateStatus(replicaSets, { ...set, status })
  if (failure !== undefined) throw failure
  if (active.length >= (set.spec?.replicas ?? 1) + burst) context.enqueueAfter(1)
  const minReadyMs = (set.spec?.minReadySeconds ?? 0) * 1000
  if (minReadyMs > 0 && status.readyReplicas && status.readyReplicas !== status.availableReplicas) {
    context.enqueueAfter(minReadyMs)
  }
}

export function replicaSetController() {
  /** Key -> when a large set was last looked at. */
  const lookedAt = new Map<string, number>()
  return defineController({
    name: 'replicaset-controller',
    for: replicaSets,
    owns: [pods],
    watches: [
      onChange(
        pods,
        wouldAdopt(replicaSets, ({ spec }) => spec?.selector),
      ),
    ],
    workers: 10,
    async reconcile(set, context) {
      const size = set.status?.replicas ?? 0
      if (size >= largeSet && size === set.spec?.replicas) {
        const waitMs = Math.min(size / 20, 500)
        const elapsedMs = context.clock.monotonic() - (lookedAt.get(context.key) ?? -waitMs)
        if (elapsedMs < waitMs) return context.enqueueAfter(waitMs - elapsedMs)
        lookedAt.set(context.key, context.clock.monotonic())
      }
      await reconcile(set, context)
    },
    deleted: key => void lookedAt.delete(key),
  })
}
