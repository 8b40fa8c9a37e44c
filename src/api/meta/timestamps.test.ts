import { expect, test } from 'vitest'
import { formatMicroTime, formatTime, parseTime } from './timestamps.ts'

test('times are written in UTC, whole seconds or six decimals', () => {
  expect(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5, 999))).toBe('2026-01-02T03:04:05Z')
  expect(formatMicroTime(Date.UTC(2026, 0, 2, 3, 4, 5, 67))).toBe('2026-01-02T03:04:05.067000Z')
})

test('parseTime() reads both and any offset, and nothing else', () => {
  expect(parseTime('2026-01-02T03:04:05Z')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5))
  expect(parseTime('2026-01-02T04:04:05.067000+01:00')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 67))
  expect(parseTime(undefined)).toBeUndefined()
  expect(parseTime('yesterday')).toBeUndefined()
})
