import { expect, test } from 'vitest'
import { findCondition, isConditionTrue, withCondition, withoutCondition } from './conditions.ts'

const start = Date.UTC(2026, 0, 1)
const ready = { type: 'Ready', status: 'True', reason: 'Works', message: 'all well' }

test('A new condition is added with the time', () => {
  const conditions = withCondition([], ready, start)
  expect(conditions).toEqual([{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }])
  expect(isConditionTrue(conditions, 'Ready')).toBe(true)
  expect(findCondition(conditions, 'Other')).toBeUndefined()
})

test('The transition time moves only with the status', () => {
  const before = withCondition([], ready, start)
  expect(withCondition(before, { ...ready }, start + 5000)).toBe(before)
  const reworded = withCondition(before, { ...ready, message: 'still well' }, start + 5000)
  expect(reworded[0]).toMatchObject({ message: 'still well', lastTransitionTime: '2026-01-01T00:00:00Z' })
  const broken = withCondition(before, { ...ready, status: 'False' }, start + 5000)
  expect(broken[0]).toMatchObject({ status: 'False', lastTransitionTime: '2026-01-01T00:00:05Z' })
})

test('withoutCondition() removes by type', () => {
  const conditions = [ready]
  expect(withoutCondition(conditions, 'Ready')).toEqual([])
  expect(withoutCondition(conditions, 'Other')).toBe(conditions)
})
