// Makes Jobs when their time has come: kube-controller-manager's cronjob-controller.
import type { CronJob, CronJobStatus, Job, ObjectReference } from '../api/generated/types.ts'
import { isConditionTrue } from '../api/meta/conditions.ts'
import { controllerReference } from '../api/meta/owners.ts'
import { formatTime, parseTime } from '../api/meta/timestamps.ts'
import { isAlreadyExists, isNotFound } from '../api/status.ts'
import { defineController, type ReconcileContext } from './controller.ts'
import { type CronSchedule, parseSchedule } from './cronschedule.ts'
import { isFinished } from './jobplan.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { messageOf } from './podcontrol.ts'
import { cronJobs, jobs } from './resources.ts'
import { sameStatus } from './samevalue.ts'

/** Beyond so many missed times the clock was most likely wrong. */
const maxMissed = 100

export interface DueTime {
  /** The latest time that has come and was not served. */
  readonly dueMs: number | undefined
  readonly nextMs: number | undefined
  readonly missed: number
}

export function planDue(cronJob: CronJob, schedule: CronSchedule, nowMs: number): DueTime {
  const { timeZone, startingDeadlineSeconds } = cronJob.spec ?? {}
  const last = parseTime(cronJob.status?.lastScheduleTime)
  const created = parseTime(cronJob.metadata.creationTimestamp) ?? nowMs
  const deadline = startingDeadlineSeconds === undefined ? 0 : nowMs - startingDeadlineSeconds * 1000
  const from = Math.max(last ?? created, deadline)
  let dueMs: number | undefined
  let missed = 0
  let nextMs = schedule.next(from, timeZone)
  while (nextMs !== undefined && nextMs <= nowMs) {
    dueMs = nextMs
    // So many at once: only the latest matters, and it is near.
    const isFar = ++missed > maxMissed && nowMs - nextMs > 86_400_000
    nextMs = schedule.next(isFar ? nowMs - 86_400_000 : nextMs, timeZone)
  }
  return { dueMs, nextMs, missed }
}

const referenceTo = ({ metadata }: Job): ObjectReference => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  name: metadata.name,
  namespace: metadata.namespace,
  uid: metadata.uid,
  resourceVersion: metadata.resourceVersion,
})

export function jobFor(cronJob: CronJob, dueMs: number): Job {
  const { name = '', namespace } = cronJob.metadata
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {}
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${name}-${Math.floor(dueMs / 60_000)}`,
      namespace,
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      annotations: {
        ...metadata?.annotations,
        'batch.kubernetes.io/cronjob-scheduled-timestamp': formatTime(dueMs),
      },
      ownerReferences: [controllerReference(cronJobs, cronJob)],
    },
    ...(spec ? { spec } : {}),
  }
}

function noteFinished(cronJob: CronJob, owned: readonly Job[], { events }: ReconcileContext): CronJobStatus {
  const subject = { resource: cronJobs, object: cronJob }
  const active: ObjectReference[] = []
  let lastSuccess = parseTime(cronJob.status?.lastSuccessfulTime) ?? 0
  for (const job of owned) {
    const ended = parseTime(job.status?.completionTime) ?? 0
    if (isConditionTrue(job.status?.conditions, 'Complete')) lastSuccess = Math.max(lastSuccess, ended)
    const known = cronJob.status?.active?.find(({ uid }) => uid === job.metadata.uid)
    if (!isFinished(job)) active.push(known ?? referenceTo(job))
    else if (known) {
      const condition = isConditionTrue(job.status?.conditions, 'Complete') ? 'Complete' : 'Failed'
      const message = `Saw completed job: ${job.metadata.name}, condition: ${condition}`
      events.event(subject, 'Normal', { reason: 'SawCompletedJob', message })
    }
  }
  return {
    ...(active.length > 0 ? { active } : {}),
    ...(cronJob.status?.lastScheduleTime ? { lastScheduleTime: cronJob.status.lastScheduleTime } : {}),
    ...(lastSuccess > 0 ? { lastSuccessfulTime: formatTime(lastSuccess) } : {}),
  }
}

/** Those of its active Jobs that the cache has not; who is really gone is told of. */
async function findMissing(
  cronJob: CronJob,
  owned: readonly Job[],
  { client, events }: ReconcileContext,
): Promise<ObjectReference[]> {
  const found: ObjectReference[] = []
  for (const job of cronJob.status?.active ?? []) {
    if (owned.some(({ metadata }) => metadata.uid === job.uid)) continue
    const { namespace, name = '', uid } = job
    const known = await client.get(jobs, { namespace, name }).catch(error => {
      if (!isNotFound(error)) throw error
      return undefined
    })
    if (known?.metadata.uid === uid) found.push(job)
    else {
      const message = `Active job went missing: ${name}`
      events.event({ resource: cronJobs, object: cronJob }, 'Normal', { reason: 'MissingJob', message })
    }
  }
  return found
}

async function removeJob(cronJob: CronJob, job: ObjectReference, context: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid } = job
  const options = { propagationPolicy: 'Background', preconditions: { uid } } as const
  try {
    await context.client.delete(jobs, { namespace, name }, options)
  } catch (error) {
    if (!isNotFound(error)) throw error
    return
  }
  const subject = { resource: cronJobs, object: cronJob }
  context.events.event(subject, 'Normal', { reason: 'SuccessfulDelete', message: `Deleted job ${name}` })
}

/** Of the finished Jobs, how many stay: 3 that succeeded and 1 that failed unless asked otherwise. */
async function trim(cronJob: CronJob, owned: readonly Job[], context: ReconcileContext): Promise<void> {
  const started = ({ status, metadata }: Job) => status?.startTime ?? metadata.creationTimestamp ?? ''
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec ?? {}
  for (const [type, limit] of [
    ['Complete', successfulJobsHistoryLimit],
    ['Failed', failedJobsHistoryLimit],
  ] as const) {
    const finished = owned.filter(({ status }) => isConditionTrue(status?.conditions, type))
    finished.sort((a, b) => (started(a) < started(b) ? -1 : 1))
    const surplus = finished.slice(0, Math.max(0, finished.length - limit))
    for (const job of surplus) await removeJob(cronJob, referenceTo(job), context)
  }
}

async function startJob(
  cronJob: CronJob,
  dueMs: number,
  { client, events }: ReconcileContext,
): Promise<Job | undefined> {
  const subject = { resource: cronJobs, object: cronJob }
  const wanted = jobFor(cronJob, dueMs)
  try {
    const job = await client.create(jobs, wanted)
    events.event(subject, 'Normal', {
      reason: 'SuccessfulCreate',
      message: `Created job ${job.metadata.name}`,
    })
    return job
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined
    if (isAlreadyExists(error)) {
      const { namespace, name = '' } = wanted.metadata
      return client.get(jobs, { namespace, name })
    }
    const message = `Error creating job: ${messageOf(error)}`
    events.event(subject, 'Warning', { reason: 'FailedCreate', message })
    throw error
  }
}

async function run(
  cronJob: CronJob,
  status: CronJobStatus,
  { context, dueMs }: { readonly context: ReconcileContext; readonly dueMs: number },
): Promise<CronJobStatus> {
  const { events } = context
  const active = status.active ?? []
  const policy = cronJob.spec?.concurrencyPolicy
  if (policy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
    events.event({ resource: cronJobs, object: cronJob }, 'Normal', { reason: 'JobAlreadyActive', message })
    return status
  }
  if (policy === 'Replace') for (const job of active) await removeJob(cronJob, job, context)
  const job = await startJob(cronJob, dueMs, context)
  if (!job) return status
  const others = policy === 'Replace' ? [] : active.filter(({ uid }) => uid !== job.metadata.uid)
  return { ...status, active: [...others, referenceTo(job)], lastScheduleTime: formatTime(dueMs) }
}

async function reconcile(cronJob: CronJob, context: ReconcileContext): Promise<void> {
  const { client, cache, clock, events } = context
  const owned = cache.ownedBy(jobs, cronJob)
  let status = noteFinished(cronJob, owned, context)
  const unseen = await findMissing(cronJob, owned, context)
  if (unseen.length > 0) status = { ...status, active: [...(status.active ?? []), ...unseen] }
  await trim(cronJob, owned, context)
  const nowMs = clock.now()
  if (!cronJob.metadata.deletionTimestamp && !cronJob.spec?.suspend) {
    const subject = { resource: cronJobs, object: cronJob }
    let due: DueTime
    try {
      due = planDue(cronJob, parseSchedule(cronJob.spec?.schedule ?? ''), nowMs)
    } catch (error) {
      const message = `unparseable schedule: ${cronJob.spec?.schedule}: ${messageOf(error)}`
      return events.event(subject, 'Warning', { reason: 'UnparseableSchedule', message })
    }
    if (due.missed > maxMissed) {
      const message =
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
      events.event(subject, 'Warning', { reason: 'TooManyMissedTimes', message })
    }
    if (due.dueMs !== undefined) status = await run(cronJob, status, { context, dueMs: due.dueMs })
    if (due.nextMs !== undefined) context.enqueueAfter(due.nextMs - nowMs + 100)
  }
  if (!sameStatus(status, cronJob.status)) await client.updateStatus(cronJobs, { ...cronJob, status })
}

export const cronJobController = defineController<CronJob>({
  name: 'cronjob-controller',
  for: cronJobs,
  owns: [jobs],
  reconcile,
})
