import { expect, test } from 'vitest'
import { sameStatus, sameValue } from './samevalue.ts'

test('The order of fields does not matter, the order of lists does', () => {
  expect(sameValue({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toBe(true)
  expect(sameValue({ a: [1, 2] }, { a: [2, 1] })).toBe(false)
  expect(sameValue({ a: [1] }, { a: [1, 2] })).toBe(false)
})

test('An absent field is the same as an undefined one, and as nothing else', () => {
  expect(sameValue({ a: 1, b: undefined }, { a: 1 })).toBe(true)
  expect(sameValue({ a: 1 }, { a: 1, b: undefined })).toBe(true)
  expect(sameValue({ a: 1 }, { a: 1, b: 0 })).toBe(false)
  expect(sameValue(undefined, {})).toBe(false)
  expect(sameValue(null, undefined)).toBe(false)
  expect(sameValue({}, [])).toBe(false)
})

test('In a status an empty field may be left out', () => {
  expect(sameStatus({ replicas: 0, list: [], conditions: {} }, undefined)).toBe(true)
  expect(sameStatus({ a: 1, b: 0 }, { a: 1 })).toBe(true)
  expect(sameStatus({ a: 1 }, { a: 1, b: 2 })).toBe(false)
  expect(sameStatus({ a: [{ b: 1, c: '' }] }, { a: [{ b: 1 }] })).toBe(true)
  expect(sameStatus({ a: [0, 1] }, { a: [1, 0] })).toBe(false)
  expect(sameStatus({ a: [1] }, { a: [1, 0] })).toBe(false)
})
