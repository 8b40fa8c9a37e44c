import { expect, test } from 'vitest'
import { parseSchedule } from './cronschedule.ts'

const next = (schedule: string, after: string, zone?: string) => {
  const ms = parseSchedule(schedule).next(Date.parse(after), zone)
  return ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16)
}

test.each([
  ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01'],
  ['* * * * *', '2026-01-01T00:00:59Z', '2026-01-01T00:01'],
  ['*/15 * * * *', '2026-01-01T00:16:00Z', '2026-01-01T00:30'],
  ['5 4 * * sun', '2026-01-01T00:00:00Z', '2026-01-04T04:05'],
  ['0 22 * * 1-5', '2026-01-02T22:00:00Z', '2026-01-05T22:00'],
  ['0 0,12 1 */2 *', '2026-01-01T12:00:00Z', '2026-03-01T00:00'],
  ['0 0 13 * fri', '2026-01-01T00:00:00Z', '2026-01-02T00:00'],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00'],
  ['@hourly', '2026-01-01T00:10:00Z', '2026-01-01T01:00'],
  ['@yearly', '2026-01-01T00:00:00Z', '2027-01-01T00:00'],
  ['@every 1h30m', '2026-01-01T00:00:00Z', '2026-01-01T01:30'],
  ['0 0 31 2 *', '2026-01-01T00:00:00Z', undefined],
])('%s after %s is %s', (schedule, after, expected) => {
  expect(next(schedule, after)).toBe(expected)
})

test('Times are those of the zone, and a time that its clocks skip is not run', () => {
  expect(next('0 9 * * *', '2026-01-01T00:00:00Z', 'Asia/Tokyo')).toBe('2026-01-02T00:00')
  expect(next('30 2 * * *', '2026-03-07T12:00:00Z', 'America/New_York')).toBe('2026-03-09T06:30')
  expect(next('0 9 * * *', '2026-07-01T00:00:00Z', 'America/New_York')).toBe('2026-07-01T13:00')
})

test('What is no schedule is refused with the reason', () => {
  expect(() => parseSchedule('* * * *')).toThrow('expected 5 fields, found 4')
  expect(() => parseSchedule('60 * * * *')).toThrow('60 is not between 0 and 59')
  expect(() => parseSchedule('5-1 * * * *')).toThrow('5-1 runs backwards')
  expect(() => parseSchedule('*/0 * * * *')).toThrow('/0 is no step')
  expect(() => parseSchedule('@every soon')).toThrow('soon is no duration')
})
