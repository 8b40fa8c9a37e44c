// Runs Jobs to their end: kube-controller-manager's job-controller, and the removal of finished ones after
// their time to live (ttl-after-finished-controller).
import type { Job, Pod } from '../api/generated/types.ts'
import { findCondition, isConditionTrue } from '../api/meta/conditions.ts'
import { controllerOf, controllerReference } from '../api/meta/owners.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import { isNotFound } from '../api/status.ts'
import { keyOf } from '../client/informer.ts'
import { claim } from './claim.ts'
import { type Controller, defineController, onChange, type ReconcileContext } from './controller.ts'
import {
  backoffMs,
  countPods,
  indexAnnotation,
  isFinished,
  type JobCounts,
  planJobStatus,
  planPods,
  planVerdict,
  trackingFinalizer,
  type Verdict,
} from './jobplan.ts'
import { createPod, deletePod, inGrowingBatches, podFromTemplate, podNamePrefix } from './podcontrol.ts'
import { isPodFinished } from './podstate.ts'
import { jobs, pods } from './resources.ts'
import { sameStatus, sameValue } from './samevalue.ts'

const maxPodsAtOnce = 500

function podOf(job: Job, index: number | undefined): Pod {
  const { name = '', namespace } = job.metadata
  const generateName = podNamePrefix(index === undefined ? name : `${name}-${index}`)
  const reference = controllerReference(jobs, job)
  const pod = podFromTemplate(job.spec?.template, { namespace, generateName, reference })
  const finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer]
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, finalizers } }
  const text = String(index)
  const variable = { name: 'JOB_COMPLETION_INDEX', value: text }
  const containers = (pod.spec?.containers ?? []).map(container => ({
    ...container,
    env: [...(container.env ?? []).filter(({ name }) => name !== variable.name), variable],
  }))
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      finalizers,
      labels: { ...pod.metadata.labels, [indexAnnotation]: text },
      annotations: { ...pod.metadata.annotations, [indexAnnotation]: text },
    },
    spec: { ...pod.spec, containers, hostname: pod.spec?.hostname ?? `${name}-${index}` },
  }
}

async function release(pod: Pod, { client }: Pick<ReconcileContext, 'client'>): Promise<void> {
  const { namespace, name = '', uid, resourceVersion, finalizers = [] } = pod.metadata
  if (!finalizers.includes(trackingFinalizer)) return
  const kept = finalizers.filter(finalizer => finalizer !== trackingFinalizer)
  const patch = { metadata: { uid, resourceVersion, finalizers: kept } }
  await client.patch(pods, { namespace, name }, patch).catch(error => {
    if (!isNotFound(error)) throw error
  })
}

/** The verdict that was already pronounced and not yet carried out. */
function standingVerdict({ status }: Job): Verdict | undefined {
  const met = findCondition(status?.conditions, 'SuccessCriteriaMet')
  const failed = findCondition(status?.conditions, 'FailureTarget')
  const condition = met ?? failed
  if (condition?.status !== 'True') return undefined
  const { reason = '', message = '' } = condition
  return { type: met ? 'Complete' : 'Failed', reason, message }
}

async function makePods(job: Job, counts: JobCounts, context: ReconcileContext): Promise<void> {
  const owner = { resource: jobs, object: job }
  const plan = planPods(job, counts)
  await Promise.all(plan.remove.map(pod => deletePod(context, owner, pod)))
  if (plan.create.length === 0) return
  const waitMs = backoffMs(context.cache.ownedBy(pods, job), context.clock.now())
  if (waitMs > 0) return context.enqueueAfter(waitMs)
  const create = plan.create.slice(0, maxPodsAtOnce)
  await inGrowingBatches(create.length, i => createPod(context, owner, podOf(job, create[i])))
}

function tellEnd(job: Job, before: Job, { events }: ReconcileContext): void {
  const subject = { resource: jobs, object: job }
  const wasTrue = (type: string) => isConditionTrue(before.status?.conditions, type)
  const isTrue = (type: string) => isConditionTrue(job.status?.conditions, type)
  const failed = findCondition(job.status?.conditions, 'Failed')
  if (isTrue('Complete') && !wasTrue('Complete')) {
    events.event(subject, 'Normal', { reason: 'Completed', message: 'Job completed' })
  } else if (failed?.status === 'True' && !wasTrue('Failed')) {
    const { reason = '', message = '' } = failed
    events.event(subject, 'Warning', { reason, message })
  } else if (isTrue('Suspended') && !wasTrue('Suspended')) {
    events.event(subject, 'Normal', { reason: 'Suspended', message: 'Job suspended' })
  } else if (!isTrue('Suspended') && wasTrue('Suspended')) {
    events.event(subject, 'Normal', { reason: 'Resumed', message: 'Job resumed' })
  }
}

async function reconcile(job: Job, context: ReconcileContext): Promise<void> {
  const { client, cache, clock } = context
  if (isFinished(job)) return expire(job, context)
  if (job.metadata.deletionTimestamp || job.spec?.managedBy) return
  const { selector } = job.spec ?? {}
  const owned = await claim({ owner: job, ownerResource: jobs, resource: pods, selector, client, cache })
  const counts = countPods(job, owned)
  const nowMs = clock.now()
  const verdict = standingVerdict(job) ?? planVerdict(job, counts, nowMs)
  const status = planJobStatus(job, { counts, verdict, nowMs })
  let current = job
  if (!sameStatus(status, job.status)) {
    current = await client.updateStatus(jobs, { ...job, status })
    tellEnd(current, job, context)
  }
  const noted = new Set([...counts.uncounted.succeeded, ...counts.uncounted.failed])
  const over = isFinished(current)
  const free = owned.filter(pod => over || noted.has(pod.metadata.uid ?? ''))
  await Promise.all(free.map(pod => release(pod, context)))
  if (verdict) {
    const owner = { resource: jobs, object: job }
    await Promise.all(counts.active.map(pod => deletePod(context, owner, pod)))
    return
  }
  await makePods(current, counts, context)
  const { activeDeadlineSeconds } = job.spec ?? {}
  const started = parseTime(current.status?.startTime)
  if (activeDeadlineSeconds !== undefined && started !== undefined) {
    context.enqueueAfter(Math.max(1, started + activeDeadlineSeconds * 1000 - nowMs))
  }
}

/** Removes a finished Job when its time to live is over. */
async function expire(job: Job, { client, clock, enqueueAfter }: ReconcileContext): Promise<void> {
  const seconds = job.spec?.ttlSecondsAfterFinished
  if (seconds === undefined || job.metadata.deletionTimestamp) return
  const ended = ['Complete', 'Failed'].map(type => findCondition(job.status?.conditions, type))
  const endedMs = parseTime(ended.find(condition => condition?.status === 'True')?.lastTransitionTime)
  const leftMs = (endedMs ?? 0) + seconds * 1000 - clock.now()
  if (leftMs > 0) return enqueueAfter(leftMs)
  const { namespace, name = '', uid } = job.metadata
  const options = { propagationPolicy: 'Foreground', preconditions: { uid } } as const
  await client.delete(jobs, { namespace, name }, options).catch(error => {
    if (!isNotFound(error)) throw error
  })
}

const jobRunController = defineController<Job>({
  name: 'job-controller',
  for: jobs,
  owns: [pods],
  reconcile,
})

/** Pods whose Job is gone, or being deleted, must not be held by its finalizer. */
const jobOrphanController = defineController<Pod>({
  name: 'job-orphan-controller',
  for: pods,
  matters: (pod, previous) =>
    pod.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    isPodFinished(pod) !== isPodFinished(previous) ||
    !sameValue(pod.metadata.ownerReferences, previous.metadata.ownerReferences),
  watches: [onChange(jobs, (job, cache) => cache.ownedBy(pods, job).map(keyOf))],
  async reconcile(pod, context) {
    if (!pod.metadata.finalizers?.includes(trackingFinalizer)) return
    const owner = controllerOf(pod)
    const { namespace } = pod.metadata
    const job = owner?.kind === 'Job' ? context.cache.get(jobs, { namespace, name: owner.name }) : undefined
    const isAlive = job && job.metadata.uid === owner?.uid && !job.metadata.deletionTimestamp
    if (isAlive && !isFinished(job)) return
    if (isAlive || (await isGone(owner?.name, { namespace, uid: owner?.uid }, context)))
      await release(pod, context)
  },
})

/** The cache may not know a new Job yet: ask. */
async function isGone(
  name: string | undefined,
  { namespace, uid }: { readonly namespace: string | undefined; readonly uid: string | undefined },
  { client }: ReconcileContext,
): Promise<boolean> {
  if (!name) return true
  try {
    const job = await client.get(jobs, { namespace, name })
    return job.metadata.uid !== uid || job.metadata.deletionTimestamp !== undefined
  } catch (error) {
    if (isNotFound(error)) return true
    throw error
  }
}

export const jobControllers: readonly Controller[] = [jobRunController, jobOrphanController]
