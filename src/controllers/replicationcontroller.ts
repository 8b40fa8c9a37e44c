// Keeps as many Pods as a ReplicationController asks for: what ReplicaSets do, with a selector that is a
// plain map and no idea of siblings (kube-controller-manager's pkg/controller/replication, which is an
// adapter in front of the same code).
import type {
  Pod,
  ReplicaSet,
  ReplicationController,
  ReplicationControllerStatus,
} from '../api/generated/types.ts'
import { claim, wouldAdopt } from './claim.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import { carryOutPlan } from './podcontrol.ts'
import { isPodActive } from './podstate.ts'
import { planReplicas, planStatus } from './replicaset.ts'
import { pods, replicationControllers } from './resources.ts'
import { sameStatus } from './samevalue.ts'

const selectorOf = ({ spec }: ReplicationController) => ({ matchLabels: spec?.selector ?? {} })

/** The same wish as a ReplicaSet has it. */
const asReplicaSet = (controller: ReplicationController): ReplicaSet => ({
  metadata: controller.metadata,
  spec: { ...controller.spec, selector: selectorOf(controller) },
  ...(controller.status ? { status: controller.status } : {}),
})

async function manage(
  controller: ReplicationController,
  active: readonly Pod[],
  context: ReconcileContext,
): Promise<void> {
  const owner = { resource: replicationControllers, object: controller }
  const nowMs = context.clock.now()
  const plan = planReplicas(asReplicaSet(controller), active, { related: active, nowMs })
  await carryOutPlan(context, owner, { ...plan, template: controller.spec?.template })
}

async function reconcile(controller: ReplicationController, context: ReconcileContext): Promise<void> {
  const { client, cache, clock } = context
  const claimed = await claim({
    owner: controller,
    ownerResource: replicationControllers,
    resource: pods,
    selector: selectorOf(controller),
    client,
    cache,
    adoptable: isPodActive,
  })
  const active = claimed.filter(isPodActive)
  let failure: unknown
  if (!controller.metadata.deletionTimestamp) {
    await manage(controller, active, context).catch(error => {
      failure = error ?? new Error('unknown')
    })
  }
  const state = { active, terminating: 0, failure, nowMs: clock.now() }
  const { terminatingReplicas: _, ...planned } = planStatus(asReplicaSet(controller), state)
  const status: ReplicationControllerStatus = planned
  if (!sameStatus(status, controller.status)) {
    await client.updateStatus(replicationControllers, { ...controller, status })
  }
  if (failure !== undefined) throw failure
  const minReadyMs = (controller.spec?.minReadySeconds ?? 0) * 1000
  if (minReadyMs > 0 && status.readyReplicas && status.readyReplicas !== status.availableReplicas) {
    context.enqueueAfter(minReadyMs)
  }
}

export const replicationControllerController = defineController({
  name: 'replication-controller',
  for: replicationControllers,
  owns: [pods],
  watches: [onChange(pods, wouldAdopt(replicationControllers, selectorOf))],
  workers: 5,
  reconcile,
})
