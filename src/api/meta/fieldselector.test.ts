import { expect, test } from 'vitest'
import { formatFieldSelector, parseFieldSelector } from './fieldselector.ts'

test('parseFieldSelector() reads the three operators and the escapes', () => {
  expect(parseFieldSelector('metadata.name=web,status.phase!=Running,a==b')).toEqual([
    { field: 'metadata.name', operator: '=', value: 'web' },
    { field: 'status.phase', operator: '!=', value: 'Running' },
    { field: 'a', operator: '=', value: 'b' },
  ])
  expect(parseFieldSelector('a=x\\,y\\=z\\\\')).toEqual([{ field: 'a', operator: '=', value: 'x,y=z\\' }])
  expect(parseFieldSelector('')).toEqual([])
})

test('formatFieldSelector() is its inverse', () => {
  const requirements = [{ field: 'a', operator: '!=', value: 'x,y=z\\' }] as const
  expect(parseFieldSelector(formatFieldSelector(requirements))).toEqual(requirements)
})

test.each([
  ['x', "invalid selector: 'x'; can't understand 'x'"],
  ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ['a=\\b', 'invalid field selector: invalid escape sequence: \\b'],
  ['a=\\', 'invalid field selector: invalid escape sequence: \\'],
])('%j is refused with %j', (text, message) => {
  expect(() => parseFieldSelector(text)).toThrow(message)
})
