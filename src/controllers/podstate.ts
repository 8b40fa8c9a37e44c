// What controllers ask about a Pod: is it running, ready, available, finished (as upstream's api/v1/pod and
// controller_utils answer).
import type { Pod } from '../api/generated/types.ts'
import { findCondition, isConditionTrue } from '../api/meta/conditions.ts'
import { parseTime } from '../api/meta/timestamps.ts'

export const isPodReady = (pod: Pod): boolean => isConditionTrue(pod.status?.conditions, 'Ready')

/** It has run to its end, well or not. */
export const isPodFinished = (pod: Pod): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

export const isPodActive = (pod: Pod): boolean => !isPodFinished(pod) && !pod.metadata.deletionTimestamp

export const isPodTerminating = (pod: Pod): boolean =>
  !isPodFinished(pod) && pod.metadata.deletionTimestamp !== undefined

/** Milliseconds since the epoch; undefined while it is not ready. */
export function readySince(pod: Pod): number | undefined {
  const condition = findCondition(pod.status?.conditions, 'Ready')
  return condition?.status === 'True' ? parseTime(condition.lastTransitionTime) : undefined
}

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  if (!isPodReady(pod)) return false
  const since = readySince(pod)
  return minReadySeconds === 0 || (since !== undefined && since + minReadySeconds * 1000 <= nowMs)
}

/** The longest restart count of its containers. */
export const maxRestarts = (pod: Pod): number =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map(status => status.restartCount))
