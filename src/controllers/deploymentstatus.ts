// The status of a Deployment: counts, Available, Progressing and its deadline, ReplicaFailure. Reasons and
// sentences are those that kubectl shows and waits for (upstream: deployment/progress.go and sync.go).
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../api/generated/types.ts'
import { findCondition } from '../api/meta/conditions.ts'
import { formatTime, parseTime } from '../api/meta/timestamps.ts'
import {
  actualReplicas,
  availableReplicas,
  maxUnavailable,
  readyReplicas,
  replicasOf,
  totalReplicas,
} from './rollout.ts'

const unlimited = 2_147_483_647

/** Milliseconds; undefined when progress is not watched. */
export function progressDeadlineMs(deployment: Deployment): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds
  return seconds === undefined || seconds === unlimited ? undefined : seconds * 1000
}

export const historyLimit = (deployment: Deployment): number | undefined => {
  const limit = deployment.spec?.revisionHistoryLimit
  return limit === unlimited ? undefined : limit
}

type Conditions = readonly DeploymentCondition[]
type NewCondition = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>

/** A condition whose status and reason are new goes to the end; the others stay untouched. */
export function setCondition(conditions: Conditions, condition: NewCondition, nowMs: number): Conditions {
  const current = findCondition(conditions, condition.type)
  if (current?.status === condition.status && current.reason === condition.reason) return conditions
  const lastTransitionTime =
    current?.status === condition.status ? current.lastTransitionTime : formatTime(nowMs)
  return [
    ...drop(conditions, condition.type),
    { ...condition, lastUpdateTime: formatTime(nowMs), lastTransitionTime },
  ]
}

const drop = (conditions: Conditions, type: string) => conditions.filter(condition => condition.type !== type)

export const progressing = (
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
): NewCondition => ({
  type: 'Progressing',
  status,
  reason,
  message,
})

export interface RolloutState {
  readonly newSet: ReplicaSet | undefined
  readonly old: readonly ReplicaSet[]
  readonly nowMs: number
}

const positive = (field: keyof DeploymentStatus, count: number) => (count > 0 ? { [field]: count } : {})

/** Counts and the Available condition; what every sync brings up to date. */
export function planDeploymentStatus(
  deployment: Deployment,
  { newSet, old, nowMs }: RolloutState,
): DeploymentStatus {
  const sets = newSet ? [...old, newSet] : old
  const available = availableReplicas(sets)
  const terminating = sets.map(set => set.status?.terminatingReplicas)
  const { collisionCount, conditions = [] } = deployment.status ?? {}
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment)
  const condition: NewCondition = enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
  return {
    ...(deployment.metadata.generation ? { observedGeneration: deployment.metadata.generation } : {}),
    ...positive('replicas', actualReplicas(sets)),
    ...positive('updatedReplicas', newSet ? actualReplicas([newSet]) : 0),
    ...positive('readyReplicas', readyReplicas(sets)),
    ...positive('availableReplicas', available),
    ...positive('unavailableReplicas', totalReplicas(sets) - available),
    ...(terminating.includes(undefined)
      ? {}
      : { terminatingReplicas: terminating.reduce<number>((total, count) => total + (count ?? 0), 0) }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: [...setCondition(conditions, condition, nowMs)],
  }
}

export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const desired = replicasOf(deployment)
  return (
    (status?.updatedReplicas ?? 0) === desired &&
    (status?.replicas ?? 0) === desired &&
    (status?.availableReplicas ?? 0) === desired &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

function hasProgressed(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const oldReplicas = (status: DeploymentStatus | undefined) =>
    (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0)
  return (
    (after.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    oldReplicas(after) < oldReplicas(before) ||
    (after.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  )
}

function hasTimedOut(deployment: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const condition = findCondition(status.conditions, 'Progressing')
  const deadlineMs = progressDeadlineMs(deployment)
  if (!condition || deadlineMs === undefined || condition.reason === 'NewReplicaSetAvailable') return false
  if (condition.reason === 'ProgressDeadlineExceeded') return true
  const from = parseTime(condition.lastUpdateTime) ?? nowMs
  return from + deadlineMs < nowMs
}

/** The status during a rollout: `planDeploymentStatus` and an estimate of its progress. */
export function planRolloutStatus(deployment: Deployment, state: RolloutState): DeploymentStatus {
  const status = planDeploymentStatus(deployment, state)
  const progress = planProgress(deployment, status, state)
  const failure = replicaFailure(state)
  const conditions = failure ? setFailure(progress, failure) : drop(progress, 'ReplicaFailure')
  return { ...status, conditions: [...conditions] }
}

function planProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  { newSet, nowMs }: RolloutState,
): Conditions {
  const conditions = status.conditions ?? []
  if (progressDeadlineMs(deployment) === undefined) return drop(conditions, 'Progressing')
  const current = findCondition(deployment.status?.conditions, 'Progressing')
  if (status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable')
    return conditions
  const what = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  if (isComplete(deployment, status)) {
    const condition = progressing('True', 'NewReplicaSetAvailable', `${what} has successfully progressed.`)
    return setCondition(conditions, condition, nowMs)
  }
  if (hasProgressed(deployment.status, status)) {
    const now = formatTime(nowMs)
    const lastTransitionTime = current?.status === 'True' ? current.lastTransitionTime : now
    const condition = progressing('True', 'ReplicaSetUpdated', `${what} is progressing.`)
    return [...drop(conditions, 'Progressing'), { ...condition, lastUpdateTime: now, lastTransitionTime }]
  }
  if (!hasTimedOut(deployment, status, nowMs)) return conditions
  const condition = progressing('False', 'ProgressDeadlineExceeded', `${what} has timed out progressing.`)
  return setCondition(conditions, condition, nowMs)
}

/** The new ReplicaSet's failure counts before those of the old ones. */
function replicaFailure({ newSet, old }: RolloutState): DeploymentCondition | undefined {
  for (const set of newSet ? [newSet, ...old] : old) {
    const failure = findCondition(set.status?.conditions, 'ReplicaFailure')
    if (failure) return { ...failure, lastUpdateTime: failure.lastTransitionTime }
  }
  return undefined
}

function setFailure(conditions: Conditions, failure: DeploymentCondition): Conditions {
  const current = findCondition(conditions, failure.type)
  if (current?.status === failure.status && current.reason === failure.reason) return conditions
  return [...drop(conditions, failure.type), failure]
}

/** When to look again whether the deadline has passed; undefined: not at all. */
export function nextProgressCheckMs(
  deployment: Deployment,
  status: DeploymentStatus,
  nowMs: number,
): number | undefined {
  const current = findCondition(deployment.status?.conditions, 'Progressing')
  const deadlineMs = progressDeadlineMs(deployment)
  if (deadlineMs === undefined || !current || current.reason === 'ProgressDeadlineExceeded') return undefined
  if (isComplete(deployment, status)) return undefined
  const leftMs = (parseTime(current.lastUpdateTime) ?? nowMs) + deadlineMs - nowMs
  return Math.max(0, leftMs) + 1000
}
