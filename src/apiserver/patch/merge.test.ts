import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutNulls } from './fields.ts'
import { mergePatch } from './merge.ts'

test('The examples of RFC 7386 come out as it says, save nulls inside lists of objects', () => {
  const examples: [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{}, { a: [1, null, { b: null, c: 1 }] }, { a: [1, null, { c: 1 }] }],
    [['a'], { a: 'b' }, { a: 'b' }],
  ]
  for (const [current, patch, expected] of examples) {
    expect([patch, mergePatch(patch)(current)]).toEqual([patch, expected])
  }
})

test('What is not an object is 400', () => {
  expect(() => mergePatch([])).toThrow(
    'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
  )
  expect(() => mergePatch('x')).toThrow('cannot unmarshal string into Go value')
  expect(() => mergePatch(null)).toThrow('Invalid JSON Patch')
})

test('A patch that names __proto__ reaches no prototype', () => {
  const patch = JSON.parse('{"__proto__": {"polluted": true}, "a": {"__proto__": {"polluted": true}}}')
  const result = mergePatch(patch)({ a: {} }) as { a: object; polluted?: unknown }
  expect(JSON.stringify(result.a)).toBe('{"__proto__":{"polluted":true}}')
  expect([result.polluted, Object.getPrototypeOf(result)]).toEqual([undefined, Object.prototype])
})

const anyObject = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })

test('Applied twice, a patch does no more than once, but for nulls in lists, and changes no argument', () => {
  fc.assert(
    fc.property(anyObject, anyObject, (current, patch) => {
      const texts = [JSON.stringify(current), JSON.stringify(patch)]
      const apply = mergePatch(patch)
      const once = apply(current)
      expect(withoutNulls(apply(once))).toEqual(withoutNulls(once))
      expect([JSON.stringify(current), JSON.stringify(patch)]).toEqual(texts)
    }),
  )
})

test('A patch of all fields of an object without nulls gives that object', () => {
  fc.assert(
    fc.property(anyObject, target => {
      const whole = mergePatch(target)({})
      expect(mergePatch(whole)({})).toEqual(whole)
    }),
  )
})
