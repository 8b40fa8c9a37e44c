import { expect, test } from 'vitest'
import { ageColumn, ageSince, formatAge } from './age.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

test.each([
  [-2 * second, '<invalid>'],
  [-1999, '0s'],
  [0, '0s'],
  [999, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [5 * minute + 3 * second, '5m3s'],
  [10 * minute - 1, '9m59s'],
  [10 * minute + 30 * second, '10m'],
  [3 * hour - 1, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 20 * minute, '3h20m'],
  [8 * hour + 59 * minute, '8h'],
  [2 * day - 1, '47h'],
  [2 * day, '2d'],
  [4 * day + 2 * hour, '4d2h'],
  [8 * day, '8d'],
  [2 * year - 1, '729d'],
  [2 * year, '2y'],
  [3 * year + 12 * day, '3y12d'],
  [8 * year + 40 * day, '8y'],
])('formatAge(%d ms) is %s', (durationMs, text) => {
  expect(formatAge(durationMs)).toBe(text)
})

test('ageSince() counts from an RFC 3339 time and knows nothing without one', () => {
  const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0)
  expect(ageSince('2026-01-01T11:59:00Z', nowMs)).toBe('60s')
  expect(ageSince('2026-01-01T11:59:00.500000Z', nowMs)).toBe('59s')
  expect(ageSince(undefined, nowMs)).toBe('<unknown>')
})

test('ageColumn shows the time since creation', () => {
  const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0)
  expect(ageColumn.cell({ metadata: { creationTimestamp: '2026-01-01T08:40:00Z' } }, nowMs)).toBe('3h20m')
  expect(ageColumn.timeDependent).toBe(true)
})
