// Conditions in a status: found by type, and with a transition time that moves only when the status does.
import { formatTime } from './timestamps.ts'

/**
 * What every kind of condition has; some also have `lastUpdateTime`, `lastProbeTime` or
 * `observedGeneration`.
 */
export interface AnyCondition {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string
}

export const findCondition = <C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined => conditions?.find(condition => condition.type === type)

export const isConditionTrue = (conditions: readonly AnyCondition[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True'

/**
 * A copy with `condition` in the place of the one of its type, or at the end. `lastTransitionTime` is kept
 * while the status stays the same. Returns the very same list when nothing would change.
 */
export function withCondition<C extends AnyCondition>(
  conditions: readonly C[],
  condition: C,
  nowMs: number,
): readonly C[] {
  const index = conditions.findIndex(({ type }) => type === condition.type)
  const previous = conditions[index]
  if (!previous) return [...conditions, { lastTransitionTime: formatTime(nowMs), ...condition }]
  const { status, reason, message } = previous
  if (status === condition.status && reason === condition.reason && message === condition.message) {
    return conditions
  }
  const lastTransitionTime = status === condition.status ? previous.lastTransitionTime : formatTime(nowMs)
  return conditions.with(index, { ...condition, lastTransitionTime })
}

export const withoutCondition = <C extends AnyCondition>(
  conditions: readonly C[],
  type: string,
): readonly C[] =>
  conditions.some(condition => condition.type === type)
    ? conditions.filter(condition => condition.type !== type)
    : conditions
