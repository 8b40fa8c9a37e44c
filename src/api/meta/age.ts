// How long something has been there, as kubectl's tables show it: the wording of apimachinery's
// HumanDuration (pkg/util/duration), which changes its precision with the length.
import { column } from '../resource.ts'

const suffixed = (whole: number, unit: string, rest: number, restUnit: string) =>
  rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`

/**
 * `45s`, `5m3s`, `12m`, `3h20m`, `26h`, `4d2h`, `30d`, `3y12d`; more than a second ahead is `<invalid>`.
 */
export function formatAge(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return suffixed(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return suffixed(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 24 * 8) return suffixed(days, 'd', hours % 24, 'h')
  if (days < 365 * 2) return `${days}d`
  const years = Math.floor(days / 365)
  return days < 365 * 8 ? suffixed(years, 'y', days % 365, 'd') : `${years}y`
}

/** The time since an RFC 3339 time, `<unknown>` when there is none. */
export function ageSince(time: string | undefined, nowMs: number): string {
  return time === undefined || time === '' ? '<unknown>' : formatAge(nowMs - Date.parse(time))
}

/** The AGE column that nearly every kind ends with. */
export const ageColumn = column(
  'Age',
  (object, nowMs) => ageSince(object.metadata.creationTimestamp, nowMs),
  {
    timeDependent: true,
    description: 'When the object was created, shown as the time since then.',
  },
)
