import { expect, test } from 'vitest'
import { canonicalMicroTime, canonicalTime } from './times.ts'

test.each([
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
  ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59Z'],
  ['2020-01-01T00:00:00+01:00', '2019-12-31T23:00:00Z'],
  ['2020-01-01T00:00:00.999-00:30', '2020-01-01T00:30:00Z'],
])('canonicalTime(%s) is %s', (text, expected) => {
  expect(canonicalTime(text)).toBe(expected)
})

test('canonicalMicroTime() keeps six digits', () => {
  expect(canonicalMicroTime('2020-01-01T00:00:00.123456+01:00')).toBe('2019-12-31T23:00:00.123456Z')
  expect(canonicalMicroTime('2020-01-01T00:00:00.1234567Z')).toBe('2020-01-01T00:00:00.123456Z')
  expect(canonicalMicroTime('2020-01-01T00:00:00Z')).toBe('2020-01-01T00:00:00.000000Z')
})

test('The first years are no years of the twentieth century, and there are none before and after', () => {
  expect(canonicalMicroTime('0001-01-01T00:00:02Z')).toBe('0001-01-01T00:00:02.000000Z')
  expect(canonicalTime('0099-12-31T23:30:00-00:30')).toBe('0100-01-01T00:00:00Z')
  for (const text of ['0000-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00']) {
    expect(() => canonicalTime(text)).toThrow(`parsing time "${text}": year outside of range [0,9999]`)
  }
})

test.each([
  ['x', 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
  ['', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
  [
    '2020-01-01 00:00:00Z',
    'parsing time "2020-01-01 00:00:00Z" as "2006-01-02T15:04:05Z07:00": cannot parse " 00:00:00Z" as "T"',
  ],
  [
    '2020-01-01T00:00:00',
    'parsing time "2020-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"',
  ],
  ['2020-13-01T00:00:00Z', 'parsing time "2020-13-01T00:00:00Z": month out of range'],
  ['2021-02-29T00:00:00Z', 'parsing time "2021-02-29T00:00:00Z": day out of range'],
  ['2021-02-28T24:00:00Z', 'parsing time "2021-02-28T24:00:00Z": hour out of range'],
])('canonicalTime(%s) is refused in the words of Go', (text, message) => {
  expect(() => canonicalTime(text)).toThrow(message)
})
