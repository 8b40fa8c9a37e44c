import { expect, test } from 'vitest'
import { comparison } from './samevalue.ts'

const same = comparison(value => value === undefined || value === 0)

test.each([
  [{ a: 1, b: [2, { c: 3 }] }, { b: [2, { c: 3 }], a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 0, c: undefined }, true],
  [{ a: 1, b: 0 }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: null }, false],
  [[1, 2], [2, 1], false],
  [[1], [1, 0], false],
  [[], {}, false],
  ['1', 1, false],
  [null, {}, false],
])('%j and %j: the same is %s, where 0 is nothing', (a, b, expected) => {
  expect(same(a, b)).toBe(expected)
  expect(same(b, a)).toBe(expected)
})
