// Keeps the Pods of a StatefulSet, each with its own name and volumes: kube-controller-manager's
// statefulset-controller.
import type { ControllerRevision, Pod, StatefulSet, StatefulSetStatus } from '../api/generated/types.ts'
import { controllerReference } from '../api/meta/owners.ts'
import { isAlreadyExists } from '../api/status.ts'
import { claim } from './claim.ts'
import { defineController, type ReconcileContext } from './controller.ts'
import { type History, revisionLabel, syncHistory, trimHistory } from './history.ts'
import { messageOf } from './podcontrol.ts'
import { persistentVolumeClaims, pods, statefulSets } from './resources.ts'
import { sameStatus } from './samevalue.ts'
import {
  claimName,
  countStateful,
  ordinalOf,
  planStateful,
  podOf,
  type StatefulCounts,
} from './statefulplan.ts'

const hashLabel = 'controller.kubernetes.io/hash'
const nameOf = ({ metadata }: ControllerRevision): string => metadata.name ?? ''

/** The revision that Pods below the partition have: the one before the newest, until all are updated. */
function currentRevisionOf(set: StatefulSet, { all, current }: History): string {
  const name = set.status?.currentRevision
  return nameOf(all.find(revision => nameOf(revision) === name) ?? current)
}

export function planStatefulStatus(
  set: StatefulSet,
  counts: StatefulCounts,
  { history, currentRevision }: { readonly history: History; readonly currentRevision: string },
): StatefulSetStatus {
  const updateRevision = nameOf(history.current)
  const replicas = set.spec?.replicas ?? 1
  const isOnDelete = set.spec?.updateStrategy?.type === 'OnDelete'
  const isUpdated = counts.updated === replicas && counts.replicas === replicas && counts.ready === replicas
  const isDone = isUpdated && !isOnDelete
  const positive = (field: keyof StatefulSetStatus, value: number) => (value > 0 ? { [field]: value } : {})
  const { conditions } = set.status ?? {}
  return {
    ...positive('observedGeneration', set.metadata.generation ?? 0),
    replicas: counts.replicas,
    ...positive('readyReplicas', counts.ready),
    availableReplicas: counts.available,
    ...positive('currentReplicas', isDone ? counts.updated : counts.current),
    ...positive('updatedReplicas', counts.updated),
    currentRevision: isDone ? updateRevision : currentRevision,
    updateRevision,
    collisionCount: set.status?.collisionCount ?? 0,
    ...(conditions ? { conditions } : {}),
  }
}

async function ensureClaims(set: StatefulSet, ordinal: number, context: ReconcileContext): Promise<void> {
  const { client, cache, events } = context
  const { namespace } = set.metadata
  for (const template of set.spec?.volumeClaimTemplates ?? []) {
    const name = claimName(template, set, ordinal)
    if (cache.get(persistentVolumeClaims, { namespace, name })) continue
    const labels = { ...template.metadata.labels, ...set.spec?.selector.matchLabels }
    const isOwned = set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete'
    const ownerReferences = isOwned ? { ownerReferences: [controllerReference(statefulSets, set)] } : {}
    const metadata = { ...template.metadata, name, namespace, labels, ...ownerReferences }
    const subject = { resource: statefulSets, object: set }
    const what = `Claim ${name} Pod ${set.metadata.name}-${ordinal} in StatefulSet ${set.metadata.name}`
    try {
      await client.create(persistentVolumeClaims, { ...template, metadata })
      events.event(subject, 'Normal', { reason: 'SuccessfulCreate', message: `create ${what} success` })
    } catch (error) {
      if (isAlreadyExists(error)) continue
      const message = `create ${what} failed error: ${messageOf(error)}`
      events.event(subject, 'Warning', { reason: 'FailedCreate', message })
      throw error
    }
  }
}

/** The Events name the Pod and the set, unlike those of other workloads. */
async function tell<T>(
  verb: 'create' | 'delete',
  {
    set,
    name,
    context,
  }: { readonly set: StatefulSet; readonly name: string; readonly context: ReconcileContext },
  work: () => Promise<T>,
): Promise<T> {
  const subject = { resource: statefulSets, object: set }
  const noun = verb === 'create' ? 'Create' : 'Delete'
  const what = `${verb} Pod ${name} in StatefulSet ${set.metadata.name}`
  try {
    const result = await work()
    context.events.event(subject, 'Normal', { reason: `Successful${noun}`, message: `${what} successful` })
    return result
  } catch (error) {
    const message = `${what} failed error: ${messageOf(error)}`
    context.events.event(subject, 'Warning', { reason: `Failed${noun}`, message })
    throw error
  }
}

async function makePod(
  set: StatefulSet,
  { ordinal, history, currentRevision }: { ordinal: number; history: History; currentRevision: string },
  context: ReconcileContext,
): Promise<void> {
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0
  const isOld = ordinal < partition
  const revision = isOld ? history.all.find(each => nameOf(each) === currentRevision) : history.current
  const data = revision?.data as { spec?: { template?: object } } | undefined
  const { $patch: _, ...template } = (data?.spec?.template ?? set.spec?.template ?? {}) as Record<
    string,
    unknown
  >
  const source = isOld ? { ...set, spec: { ...set.spec!, template } } : set
  const pod = podOf(source as StatefulSet, ordinal, isOld ? currentRevision : nameOf(history.current))
  await ensureClaims(set, ordinal, context)
  const name = pod.metadata.name ?? ''
  await tell('create', { set, name, context }, () => context.client.create(pods, pod))
}

async function removePod(set: StatefulSet, pod: Pod, context: ReconcileContext): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  await tell('delete', { set, name, context }, () =>
    context.client.delete(pods, { namespace, name }, { preconditions: { uid } }),
  )
}

async function reconcile(set: StatefulSet, context: ReconcileContext): Promise<void> {
  const { client, cache, clock } = context
  if (set.metadata.deletionTimestamp) return
  const shared = { owner: set, ownerResource: statefulSets, client, cache }
  const adoptable = (pod: Pod) => ordinalOf(set, pod) !== undefined
  const owned = await claim({ ...shared, resource: pods, selector: set.spec?.selector, adoptable })
  const history = await syncHistory({ ...shared, hashLabel })
  const currentRevision = currentRevisionOf(set, history)
  const state = { pods: owned, updateRevision: nameOf(history.current), currentRevision, nowMs: clock.now() }
  const plan = planStateful(set, state)
  for (const ordinal of plan.create) await makePod(set, { ordinal, history, currentRevision }, context)
  for (const pod of plan.remove) await removePod(set, pod, context)
  const counts = countStateful(set, { ...state, pods: cache.ownedBy(pods, set) })
  const status = planStatefulStatus(set, counts, { history, currentRevision })
  if (!sameStatus(status, set.status)) await client.updateStatus(statefulSets, { ...set, status })
  const inUse = new Set(
    owned.map(({ metadata }) => metadata.labels?.[revisionLabel] ?? '').concat(currentRevision),
  )
  const isInUse = (revision: ControllerRevision) => inUse.has(nameOf(revision))
  await trimHistory(history, { limit: set.spec?.revisionHistoryLimit ?? 10, isInUse, client })
  const minReadyMs = (set.spec?.minReadySeconds ?? 0) * 1000
  if (minReadyMs > 0 && counts.ready !== counts.available) context.enqueueAfter(minReadyMs)
}

export const statefulSetController = defineController<StatefulSet>({
  name: 'statefulset-controller',
  for: statefulSets,
  owns: [pods],
  reads: [persistentVolumeClaims],
  reconcile,
})
