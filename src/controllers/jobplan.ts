// Decides what becomes of a Job: how it is counted, when it is over, how many Pods it needs. Pure; follows
// kube-controller-manager's pkg/controller/job (KEP-2307 for the counting by finalizer, KEP-2214 for
// Indexed).
import type { Job, JobCondition, JobStatus, Pod } from '../api/generated/types.ts'
import { findCondition, isConditionTrue } from '../api/meta/conditions.ts'
import { formatTime, parseTime } from '../api/meta/timestamps.ts'
import { isPodActive, isPodFinished, isPodReady, isPodTerminating } from './podstate.ts'

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index'
const firstBackoffMs = 10_000
const lastBackoffMs = 600_000

export const isFinished = ({ status }: Job): boolean =>
  isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(status?.conditions, 'Failed')

export const isIndexed = ({ spec }: Job): boolean => spec?.completionMode === 'Indexed'

/** `1,3-5` and back, as `status.completedIndexes` writes them. */
export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>()
  for (const part of text ? text.split(',') : []) {
    const [first = 0, last = first] = part.split('-').map(Number)
    for (let index = first; index <= last; index++) indexes.add(index)
  }
  return indexes
}

export function formatIndexes(indexes: Iterable<number>): string {
  const parts: string[] = []
  const sorted = [...indexes].sort((a, b) => a - b)
  for (let i = 0; i < sorted.length; ) {
    let end = i
    while (sorted[end + 1] === sorted[end]! + 1) end++
    parts.push(end === i ? `${sorted[i]}` : `${sorted[i]}${end === i + 1 ? ',' : '-'}${sorted[end]}`)
    i = end + 1
  }
  return parts.join(',')
}

export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[indexAnnotation]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

const isTracked = ({ metadata }: Pod) => metadata.finalizers?.includes(trackingFinalizer) === true

export interface JobCounts {
  readonly succeeded: number
  readonly failed: number
  readonly completed: ReadonlySet<number>
  /** Finished Pods whose finalizer is still to be removed, by uid. */
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] }
  readonly active: readonly Pod[]
  readonly terminating: number
}

/** Pods that finished are noted first, then freed of the finalizer, and counted when they are free. */
export function countPods(job: Job, pods: readonly Pod[]): JobCounts {
  const { status = {} } = job
  const byUID = new Map(pods.map(pod => [pod.metadata.uid ?? '', pod]))
  const before = status.uncountedTerminatedPods
  const counts = { succeeded: status.succeeded ?? 0, failed: status.failed ?? 0 }
  const uncounted = { succeeded: [...(before?.succeeded ?? [])], failed: [...(before?.failed ?? [])] }
  for (const kind of ['succeeded', 'failed'] as const) {
    uncounted[kind] = uncounted[kind].filter(uid => {
      const pod = byUID.get(uid)
      if (pod && isTracked(pod)) return true
      if (kind === 'failed' || !isIndexed(job)) counts[kind]++
      return false
    })
  }
  const completed = parseIndexes(status.completedIndexes)
  const noted = new Set([...uncounted.succeeded, ...uncounted.failed])
  for (const pod of pods) {
    const uid = pod.metadata.uid ?? ''
    if (!isTracked(pod) || noted.has(uid)) continue
    const index = indexOf(pod)
    if (pod.status?.phase === 'Succeeded') {
      uncounted.succeeded.push(uid)
      if (index !== undefined) completed.add(index)
    } else if (pod.status?.phase === 'Failed' || pod.metadata.deletionTimestamp) {
      uncounted.failed.push(uid)
    }
  }
  const active = pods.filter(isPodActive)
  const terminating = pods.filter(isPodTerminating).length
  return { ...counts, completed, uncounted, active, terminating }
}

export const totalSucceeded = (job: Job, { succeeded, uncounted, completed }: JobCounts): number =>
  isIndexed(job) ? completed.size : succeeded + uncounted.succeeded.length
export const totalFailed = ({ failed, uncounted }: JobCounts): number => failed + uncounted.failed.length

export interface Verdict {
  readonly type: 'Complete' | 'Failed'
  readonly reason: string
  readonly message: string
}

/** Whether the Job is over, and how; undefined while it goes on. */
export function planVerdict(job: Job, counts: JobCounts, nowMs: number): Verdict | undefined {
  const { completions, backoffLimit = 6, activeDeadlineSeconds, template } = job.spec ?? {}
  const restarts = counts.active
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0)
  const tooManyRestarts =
    template?.spec?.restartPolicy === 'OnFailure' && restarts > 0 && restarts >= backoffLimit
  if (totalFailed(counts) > backoffLimit || tooManyRestarts) {
    const message = 'Job has reached the specified backoff limit'
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message }
  }
  const started = parseTime(job.status?.startTime)
  const deadlineMs = activeDeadlineSeconds === undefined ? undefined : activeDeadlineSeconds * 1000
  if (
    !job.spec?.suspend &&
    deadlineMs !== undefined &&
    started !== undefined &&
    nowMs - started >= deadlineMs
  ) {
    const message = 'Job was active longer than specified deadline'
    return { type: 'Failed', reason: 'DeadlineExceeded', message }
  }
  const succeeded = totalSucceeded(job, counts)
  const isDone =
    completions === undefined ? succeeded > 0 && counts.active.length === 0 : succeeded >= completions
  const message = 'Reached expected number of succeeded pods'
  return isDone ? { type: 'Complete', reason: 'CompletionsReached', message } : undefined
}

export interface PodsPlan {
  readonly create: readonly (number | undefined)[]
  readonly remove: readonly Pod[]
}

/** The Pods to make, by index where they have one, and those that are too many. */
export function planPods(job: Job, counts: JobCounts): PodsPlan {
  const { completions, parallelism = 1, suspend } = job.spec ?? {}
  const { active } = counts
  const succeeded = totalSucceeded(job, counts)
  let wanted = suspend ? 0 : parallelism
  if (completions === undefined && succeeded > 0) wanted = Math.min(wanted, active.length)
  if (completions !== undefined) wanted = Math.min(wanted, completions - succeeded)
  if (active.length > wanted) {
    const order = [...active].sort((a, b) => Number(isPodReady(a)) - Number(isPodReady(b)))
    return { create: [], remove: order.slice(0, active.length - wanted) }
  }
  const missing = wanted - active.length
  if (!isIndexed(job)) return { create: Array.from({ length: missing }, () => undefined), remove: [] }
  const taken = new Set([...counts.completed, ...active.map(indexOf)])
  const create: number[] = []
  for (let index = 0; index < (completions ?? 0) && create.length < missing; index++) {
    if (!taken.has(index)) create.push(index)
  }
  return { create, remove: [] }
}

/** How long to wait before the next Pod, after failures in a row. */
export function backoffMs(pods: readonly Pod[], nowMs: number): number {
  const ends = (pod: Pod) =>
    (pod.status?.containerStatuses ?? []).map(({ state }) => parseTime(state?.terminated?.finishedAt) ?? 0)
  const finished = pods
    .filter(isPodFinished)
    .map(pod => ({ failed: pod.status?.phase === 'Failed', atMs: Math.max(0, ...ends(pod)) }))
    .sort((a, b) => b.atMs - a.atMs)
  const failures = finished.findIndex(({ failed }) => !failed)
  const inARow = failures < 0 ? finished.length : failures
  if (inARow === 0) return 0
  const delayMs = Math.min(firstBackoffMs * 2 ** (inARow - 1), lastBackoffMs)
  const last = finished[0]?.atMs || nowMs
  return Math.max(0, last + delayMs - nowMs)
}

type Conditions = readonly JobCondition[]

const withCondition = (
  conditions: Conditions,
  next: Omit<Verdict, 'type'> & { type: string },
  options: {
    readonly status: string
    readonly nowMs: number
  },
): Conditions => {
  const now = formatTime(options.nowMs)
  const { type, reason, message } = next
  const current = findCondition(conditions, type)
  if (current?.status === options.status && current.reason === reason) return conditions
  const lastTransitionTime = current?.status === options.status ? current.lastTransitionTime : now
  const condition = { type, status: options.status, reason, message, lastProbeTime: now, lastTransitionTime }
  return [...conditions.filter(other => other.type !== type), condition]
}

export interface StatusInput {
  readonly counts: JobCounts
  readonly verdict: Verdict | undefined
  readonly nowMs: number
}

/** The final condition comes only when no Pod is left to wait for; before that, what it is going to be. */
export function planJobStatus(job: Job, { counts, verdict, nowMs }: StatusInput): JobStatus {
  const { status = {}, spec } = job
  const now = formatTime(nowMs)
  const { succeeded, failed, uncounted, completed, active, terminating } = counts
  const hasUncounted = uncounted.succeeded.length + uncounted.failed.length > 0
  let conditions: Conditions = status.conditions ?? []
  let { startTime, completionTime } = status
  if (spec?.suspend && !verdict) {
    const text = { type: 'Suspended', reason: 'JobSuspended', message: 'Job suspended' }
    conditions = withCondition(conditions, text, { status: 'True', nowMs })
    startTime = undefined
  } else if (!verdict) {
    if (isConditionTrue(conditions, 'Suspended')) {
      const text = { type: 'Suspended', reason: 'JobResumed', message: 'Job resumed' }
      conditions = withCondition(conditions, text, { status: 'False', nowMs })
    }
    startTime ??= now
  }
  if (verdict) {
    const early = verdict.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget'
    conditions = withCondition(conditions, { ...verdict, type: early }, { status: 'True', nowMs })
    if (!hasUncounted && active.length === 0 && terminating === 0) {
      conditions = withCondition(conditions, verdict, { status: 'True', nowMs })
      if (verdict.type === 'Complete') completionTime ??= now
    }
  }
  const isOver = conditions.some(({ type }) => type === verdict?.type)
  return {
    ...(startTime ? { startTime } : {}),
    ...(completionTime ? { completionTime } : {}),
    ...(active.length > 0 ? { active: active.length } : {}),
    ...(isIndexed(job) && completed.size > 0 ? { completedIndexes: formatIndexes(completed) } : {}),
    ...(isIndexed(job) ? positive('succeeded', completed.size) : positive('succeeded', succeeded)),
    ...positive('failed', failed),
    ready: active.filter(isPodReady).length,
    terminating: isOver ? 0 : terminating,
    uncountedTerminatedPods: hasUncounted
      ? {
          ...(uncounted.succeeded.length > 0 ? { succeeded: [...uncounted.succeeded] } : {}),
          ...(uncounted.failed.length > 0 ? { failed: [...uncounted.failed] } : {}),
        }
      : {},
    ...(conditions.length > 0 ? { conditions: [...conditions] } : {}),
  }
}

const positive = (field: 'succeeded' | 'failed', count: number) => (count > 0 ? { [field]: count } : {})
