// Keeps those who have much to tell from drowning the API in Events: so many at once, then so many a
// second, as the kubelet's eventBurst and eventRecordQPS. Warnings are told as long as anything is; normal
// Events leave them room.
import type { Clock } from '../component/clock.ts'
import type { EventRecorder } from './events.ts'

export interface EventBudget {
  readonly clock: Clock
  readonly burst: number
  readonly perSecond: number
}

/** The part of the burst that only warnings may use. */
const reservedShare = 0.1

/** What one budget allows is shared by all recorders made with it. */
export function budgetEvents({
  clock,
  burst,
  perSecond,
}: EventBudget): (recorder: EventRecorder) => EventRecorder {
  let tokens = burst
  let filledAtMs = clock.monotonic()
  const spend = (least: number): boolean => {
    const nowMs = clock.monotonic()
    tokens = Math.min(burst, tokens + ((nowMs - filledAtMs) / 1000) * perSecond)
    filledAtMs = nowMs
    if (tokens < least + 1) return false
    tokens--
    return true
  }
  return recorder => ({
    event(subject, type, text) {
      if (spend(type === 'Warning' ? 0 : burst * reservedShare)) recorder.event(subject, type, text)
    },
  })
}
