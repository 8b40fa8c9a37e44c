import { expect, test } from 'vitest'
import { fieldOf, setField, withoutNulls } from './fields.ts'

test('setField() and fieldOf() know own fields only, __proto__ among them', () => {
  const object: Record<string, unknown> = {}
  setField(object, 'a', 1)
  setField(object, '__proto__', 2)
  expect(Object.entries(object)).toEqual([
    ['a', 1],
    ['__proto__', 2],
  ])
  expect([fieldOf(object, '__proto__'), fieldOf({}, '__proto__'), fieldOf({}, 'toString')]).toEqual([
    2,
    undefined,
    undefined,
  ])
})

test('withoutNulls() drops null fields at any depth, but no elements', () => {
  expect(withoutNulls({ a: null, b: [null, { c: null, d: 0 }], e: { f: null } })).toEqual({
    b: [null, { d: 0 }],
    e: {},
  })
})
