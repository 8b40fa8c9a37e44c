// Times as objects carry them: metav1.Time in whole seconds, metav1.MicroTime with six decimals, both in
// UTC.

/** `2026-01-01T00:00:00Z`; a fraction is cut off, as Go's encoder does. */
export const formatTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** `2026-01-01T00:00:00.000000Z`. */
export const formatMicroTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000Z`

/** Milliseconds since the epoch; undefined for an absent or unreadable time. */
export function parseTime(text: string | undefined): number | undefined {
  const ms = text ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}
