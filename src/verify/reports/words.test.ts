import { expect, test } from 'vitest'
import { widthOf } from './width.ts'
import { counted, formatDuration, formatElapsed, outcomeMarks } from './words.ts'

test.each([
  [0, '0 ms', '0ミリ秒'],
  [999.4, '999 ms', '999ミリ秒'],
  [14_210, '14.2 s', '14.2秒'],
  [99_960, '1 min 40 s', '1分40秒'],
  [185_000, '3 min 5 s', '3分5秒'],
])('formatDuration(%d) is %s', (milliseconds, en, ja) => {
  expect(formatDuration(milliseconds, 'en')).toBe(en)
  expect(formatDuration(milliseconds, 'ja')).toBe(ja)
})

test('formatElapsed() counts whole seconds, then minutes', () => {
  expect([0, 999, 14_900, 59_999].map(ms => formatElapsed(ms, 'en'))).toEqual(['0 s', '0 s', '14 s', '59 s'])
  expect([60_000, 185_900].map(ms => formatElapsed(ms, 'ja'))).toEqual(['1分0秒', '3分5秒'])
})

test('counted() knows one from many', () => {
  expect([0, 1, 2].map(count => counted(count, 'node'))).toEqual(['0 nodes', '1 node', '2 nodes'])
})

test('every mark is different and one column wide', () => {
  const marks = Object.values(outcomeMarks)
  expect(new Set(marks).size).toBe(marks.length)
  expect(marks.map(widthOf)).toEqual([1, 1, 1, 1, 1])
})
