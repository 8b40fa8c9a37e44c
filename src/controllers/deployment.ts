// Rolls a Deployment's template out over its ReplicaSets: kube-controller-manager's
// pkg/controller/deployment.
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from '../api/generated/types.ts'
import { findCondition } from '../api/meta/conditions.ts'
import { controllerOf, controllerReference, isControlledBy } from '../api/meta/owners.ts'
import { isAlreadyExists, isNotFound } from '../api/status.ts'
import type { Cache } from './cache.ts'
import { claim, wouldAdopt } from './claim.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import * as progress from './deploymentstatus.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { messageOf } from './podcontrol.ts'
import { isPodFinished } from './podstate.ts'
import { deployments, pods, replicaSets } from './resources.ts'
import {
  maxRevision,
  newSetAnnotations,
  replicasAnnotations,
  revisionAnnotation,
  templateHash,
} from './revisions.ts'
import * as rollout from './rollout.ts'
import { sameStatus, sameValue } from './samevalue.ts'

/** One reconcile's view: `deployment` may be ahead of what is stored in its conditions. */
interface Sync {
  readonly context: ReconcileContext
  readonly stored: Deployment
  deployment: Deployment
  newSet: ReplicaSet | undefined
  old: ReplicaSet[]
}

async function reconcile(deployment: Deployment, context: ReconcileContext): Promise<void> {
  const { client, cache } = context
  const sets = await claim({
    owner: deployment,
    ownerResource: deployments,
    resource: replicaSets,
    selector: deployment.spec?.selector,
    client,
    cache,
  })
  const newSet = rollout.findNewSet(deployment, sets)
  const old = sets.filter(set => set !== newSet)
  const sync: Sync = { context, stored: deployment, deployment, newSet, old }
  if (deployment.metadata.deletionTimestamp) return writeStatus(sync, planStatus(sync))
  notePause(sync)
  if (newSet) await adjustNewSet(sync, newSet)
  if (deployment.spec?.paused || isScaling(sync)) return scale(sync)
  if (rollout.isRollingUpdate(deployment)) await rollOut(sync)
  else await recreate(sync)
}

const nowOf = (sync: Sync) => sync.context.clock.now()
const stateOf = (sync: Sync) => ({ newSet: sync.newSet, old: sync.old, nowMs: nowOf(sync) })
const planStatus = (sync: Sync) => progress.planDeploymentStatus(sync.deployment, stateOf(sync))

function putCondition(sync: Sync, condition: Parameters<typeof progress.setCondition>[1]): void {
  const { status } = sync.deployment
  const conditions = [...progress.setCondition(status?.conditions ?? [], condition, nowOf(sync))]
  sync.deployment = { ...sync.deployment, status: { ...status, conditions } }
}

/** Pausing stops the clock of the progress deadline, resuming starts it anew. */
function notePause(sync: Sync): void {
  const { deployment } = sync
  const reason = findCondition(deployment.status?.conditions, 'Progressing')?.reason
  if (progress.progressDeadlineMs(deployment) === undefined || reason === 'ProgressDeadlineExceeded') return
  const wasPaused = reason === 'DeploymentPaused'
  if (deployment.spec?.paused && !wasPaused) {
    putCondition(sync, progress.progressing('Unknown', 'DeploymentPaused', 'Deployment is paused'))
  } else if (!deployment.spec?.paused && wasPaused) {
    putCondition(sync, progress.progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed'))
  }
}

async function writeStatus(sync: Sync, status: DeploymentStatus): Promise<void> {
  const { deployment, stored, context } = sync
  if (!sameStatus(status, stored.status)) {
    const { resourceVersion, annotations } = deployment.metadata
    const metadata = { ...stored.metadata, resourceVersion, annotations }
    await context.client.updateStatus(deployments, { ...stored, metadata, status })
    return
  }
  const checkMs = progress.nextProgressCheckMs(deployment, status, nowOf(sync))
  if (checkMs !== undefined) context.enqueueAfter(checkMs)
}

/** Copies annotations and revision to the new ReplicaSet, and the revision back to the Deployment. */
async function adjustNewSet(sync: Sync, set: ReplicaSet): Promise<void> {
  const { client } = sync.context
  const { deployment } = sync
  const revision = maxRevision(sync.old) + 1n
  const annotations = newSetAnnotations(deployment, set.metadata.annotations ?? {}, revision)
  const minReadySeconds = deployment.spec?.minReadySeconds
  const sameReady = (set.spec?.minReadySeconds ?? 0) === (minReadySeconds ?? 0)
  if (!sameReady || !sameValue(annotations, set.metadata.annotations ?? {})) {
    const spec = { ...set.spec, selector: set.spec?.selector ?? {}, minReadySeconds }
    const metadata = { ...set.metadata, annotations: { ...annotations } }
    sync.newSet = await client.update(replicaSets, { ...set, metadata, spec })
  }
  await setRevision(sync, sync.newSet?.metadata.annotations?.[revisionAnnotation])
  const deadline = progress.progressDeadlineMs(deployment)
  if (deadline === undefined || findCondition(deployment.status?.conditions, 'Progressing')) return
  const message = `Found new replica set "${set.metadata.name}"`
  putCondition(sync, progress.progressing('True', 'FoundNewReplicaSet', message))
}

async function setRevision(sync: Sync, revision: string | undefined): Promise<void> {
  const { name = '', namespace, uid, annotations } = sync.deployment.metadata
  if (revision === undefined || annotations?.[revisionAnnotation] === revision) return
  const patch = { metadata: { uid, annotations: { [revisionAnnotation]: revision } } }
  const { metadata } = await sync.context.client.patch(deployments, { namespace, name }, patch)
  sync.deployment = { ...sync.deployment, metadata }
}

function newReplicaSet(sync: Sync): ReplicaSet {
  const { deployment, old } = sync
  const { name = '', namespace } = deployment.metadata
  const { template, selector, minReadySeconds } = deployment.spec ?? {}
  const hash = templateHash(template, deployment.status?.collisionCount)
  const labels = { ...template?.metadata?.labels, [rollout.hashLabel]: hash }
  const revision = maxRevision(old) + 1n
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      annotations: { ...newSetAnnotations(deployment, undefined, revision) },
      ownerReferences: [controllerReference(deployments, deployment)],
    },
    spec: {
      replicas: rollout.newSetReplicas(deployment, old, 0),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [rollout.hashLabel]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  }
}

async function createNewSet(sync: Sync): Promise<void> {
  const { deployment, context } = sync
  const { client, events } = context
  const wanted = newReplicaSet(sync)
  const owner = { resource: deployments, object: deployment }
  const { name = '', namespace } = wanted.metadata
  const deadline = progress.progressDeadlineMs(deployment)
  try {
    sync.newSet = await client.create(replicaSets, wanted)
    const count = rollout.replicasOf(wanted)
    const message = `Scaled up replica set ${name} from 0 to ${count}`
    if (count > 0) events.event(owner, 'Normal', { reason: 'ScalingReplicaSet', message })
    const created = progress.progressing('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`)
    if (deadline !== undefined) putCondition(sync, created)
  } catch (error) {
    if (isNamespaceTerminating(error)) throw error
    if (!isAlreadyExists(error)) {
      const message = `Failed to create new replica set "${name}": ${messageOf(error)}`
      events.event(owner, 'Warning', { reason: 'ReplicaSetCreateError', message })
      if (deadline !== undefined) {
        putCondition(sync, progress.progressing('False', 'ReplicaSetCreateError', message))
        await writeStatus(sync, sync.deployment.status ?? {})
      }
      throw error
    }
    const existing = await client.get(replicaSets, { namespace, name })
    const isOurs = isControlledBy(existing, deployment)
    if (!isOurs || !rollout.sameTemplate(existing.spec?.template, deployment.spec?.template)) {
      const collisionCount = (deployment.status?.collisionCount ?? 0) + 1
      await writeStatus(sync, { ...sync.deployment.status, collisionCount })
      throw error
    }
    sync.newSet = existing
  }
  await setRevision(sync, sync.newSet.metadata.annotations?.[revisionAnnotation])
}

async function scaleSet(sync: Sync, { set, replicas }: rollout.ScaleStep): Promise<void> {
  const { deployment, context } = sync
  const before = rollout.replicasOf(set)
  const annotations = { ...set.metadata.annotations, ...replicasAnnotations(deployment) }
  if (before === replicas && sameValue(annotations, set.metadata.annotations)) return
  const spec = { ...set.spec, selector: set.spec?.selector ?? {}, replicas }
  const scaled = { ...set, metadata: { ...set.metadata, annotations }, spec }
  const updated = await context.client.update(replicaSets, scaled)
  if (set === sync.newSet) sync.newSet = updated
  else sync.old = sync.old.map(other => (other === set ? updated : other))
  if (before === replicas) return
  const direction = before < replicas ? 'up' : 'down'
  const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`
  const owner = { resource: deployments, object: deployment }
  context.events.event(owner, 'Normal', { reason: 'ScalingReplicaSet', message })
}

function isScaling({ deployment, newSet, old }: Sync): boolean {
  const active = rollout.activeSets(newSet ? [...old, newSet] : old)
  return active.some(set => {
    const desired = rollout.desiredReplicasOf(set)
    return desired !== undefined && desired !== rollout.replicasOf(deployment)
  })
}

async function scale(sync: Sync): Promise<void> {
  for (const step of rollout.planScaling(sync.deployment, sync.newSet, sync.old)) await scaleSet(sync, step)
  if (sync.deployment.spec?.paused) await cleanUp(sync)
  await writeStatus(sync, planStatus(sync))
}

async function rollOut(sync: Sync): Promise<void> {
  if (!sync.newSet) await createNewSet(sync)
  const { deployment, newSet } = sync
  if (!newSet) return
  const current = rollout.replicasOf(newSet)
  const desired = rollout.replicasOf(deployment)
  const sets = [...sync.old, newSet]
  const replicas = current > desired ? desired : rollout.newSetReplicas(deployment, sets, current)
  if (replicas !== current) {
    await scaleSet(sync, { set: newSet, replicas })
  } else {
    const steps = rollout.planScaleDown(deployment, newSet, sync.old)
    for (const step of steps) await scaleSet(sync, step)
    if (steps.length === 0 && progress.isComplete(deployment, deployment.status)) await cleanUp(sync)
  }
  await finish(sync)
}

async function recreate(sync: Sync): Promise<void> {
  const active = rollout.activeSets(sync.old)
  for (const set of active) await scaleSet(sync, { set, replicas: 0 })
  if (active.length > 0 || oldPodsRunning(sync)) return finish(sync)
  if (!sync.newSet) await createNewSet(sync)
  const { newSet, deployment } = sync
  if (newSet && rollout.replicasOf(newSet) !== rollout.replicasOf(deployment)) {
    await scaleSet(sync, { set: newSet, replicas: rollout.replicasOf(deployment) })
  }
  if (progress.isComplete(deployment, deployment.status)) await cleanUp(sync)
  await finish(sync)
}

const finish = (sync: Sync) => writeStatus(sync, progress.planRolloutStatus(sync.deployment, stateOf(sync)))

function oldPodsRunning({ old, context }: Sync): boolean {
  if (rollout.actualReplicas(old) > 0) return true
  return old.some(set => context.cache.ownedBy(pods, set).some(pod => !isPodFinished(pod)))
}

const byRevision = (a: ReplicaSet, b: ReplicaSet) => Number(maxRevision([a]) - maxRevision([b]))

/** Removes the oldest of the ReplicaSets beyond the history limit, if they have no Pods. */
async function cleanUp({ deployment, old, context }: Sync): Promise<void> {
  const limit = progress.historyLimit(deployment)
  if (limit === undefined) return
  const alive = rollout.oldestFirst(old.filter(set => !set.metadata.deletionTimestamp)).sort(byRevision)
  for (const set of alive.slice(0, Math.max(0, alive.length - limit))) {
    const { name = '', namespace, uid, generation = 0 } = set.metadata
    const isSettled = generation <= (set.status?.observedGeneration ?? 0)
    if (set.status?.replicas || rollout.replicasOf(set) > 0 || !isSettled) continue
    try {
      await context.client.delete(replicaSets, { namespace, name }, { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

/** A Recreate waits for the last old Pod to be gone, which no ReplicaSet tells. */
function waitingRecreate(pod: Pod, cache: Cache): string[] {
  const owner = controllerOf(pod)
  if (owner?.kind !== 'ReplicaSet') return []
  const { namespace = '' } = pod.metadata
  const set = cache.get(replicaSets, { namespace, name: owner.name })
  const deployment = set && cache.get(deployments, { namespace, name: controllerOf(set)?.name ?? '' })
  return deployment && !rollout.isRollingUpdate(deployment)
    ? [`${namespace}/${deployment.metadata.name}`]
    : []
}

export const deploymentController = defineController({
  name: 'deployment-controller',
  for: deployments,
  owns: [replicaSets],
  watches: [
    onChange(
      replicaSets,
      wouldAdopt(deployments, ({ spec }) => spec?.selector),
    ),
    onChange(pods, waitingRecreate),
  ],
  workers: 5,
  reconcile,
})
