import { expect, test } from 'vitest'
import { findDuplicateFields } from './jsontext.ts'

const find = (text: string) => findDuplicateFields(text, JSON.parse(text))

test.each([
  ['{}', []],
  ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}', []],
  ['{"a":1,"a":2}', ['a']],
  ['{ "a" : { "b" : 1 , "b" : 2 } }', ['a.b']],
  ['{"a":[{"b":1},{"b":1,"b":2,"b":3}],"a":[]}', ['a[1].b', 'a']],
  ['{"text":"\\"a\\": \\\\","text2":":","a":"x\\\\\\"","a":true}', ['a']],
  ['{"a":"b: \\"c\\":","d":":"}', []],
  ['{"\\u0061":1,"a":[1, -2.5e3, null, false]}', ['a']],
])('findDuplicateFields(%s) finds %j', (text, paths) => {
  expect(find(text)).toEqual(paths.map(path => `duplicate field "${path}"`))
})
