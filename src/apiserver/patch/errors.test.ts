import { expect, test } from 'vitest'
import { formatGo, requireObject, tooManyOperations, unexpected, unprocessable } from './errors.ts'

test('formatGo() writes values as %v does, fields in order', () => {
  expect(formatGo({ b: [1, 'x', null, true], a: { c: 1.5 } })).toBe('map[a:map[c:1.5] b:[1 x <nil> true]]')
  expect(formatGo({})).toBe('map[]')
})

test('The errors are those that clients know', () => {
  expect(unprocessable().toStatus()).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
    code: 422,
  })
  expect(unexpected('odd').toStatus()).toMatchObject({ message: 'odd', code: 400, reason: 'BadRequest' })
  expect(tooManyOperations(1, 2).code).toBe(413)
})

test('requireObject() names the JSON type it found', () => {
  for (const [value, name] of [
    [[], 'array'],
    ['x', 'string'],
    [1, 'number'],
    [true, 'bool'],
  ]) {
    expect(() => requireObject(value)).toThrow(
      `json: cannot unmarshal ${name} into Go value of type map[string]interface {}`,
    )
  }
})
