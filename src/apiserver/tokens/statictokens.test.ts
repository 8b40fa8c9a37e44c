import { expect, test } from 'vitest'
import { parseStaticTokens } from './statictokens.ts'

test('Each line is a token, its user and the groups', () => {
  const text = 'abc,jane,7,"dev,ops"\r\n\nxyz,"joe ""the ops"" x",,\ndef,jim,9\n'
  const { authenticate, warnings } = parseStaticTokens(text)
  expect(authenticate('abc')).toEqual({ name: 'jane', uid: '7', groups: ['dev', 'ops'] })
  expect(authenticate('xyz')).toEqual({ name: 'joe "the ops" x', groups: [] })
  expect(authenticate('def')).toEqual({ name: 'jim', uid: '9', groups: [] })
  expect([authenticate(''), authenticate('ab'), authenticate('abcd')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(warnings).toEqual([])
})

test('Empty and repeated tokens are told about; the last one counts', () => {
  const { authenticate, warnings } = parseStaticTokens(',jane,1\nabc,jane,1\nabc,joe,2')
  expect(warnings).toEqual([
    'record 1 has an empty token and is left out',
    'record 3 has a token that occurred before',
  ])
  expect(authenticate('abc')).toMatchObject({ name: 'joe' })
})

test.each([
  ['abc,jane', 'record 1 has 2 columns, expected at least 3 (token, user name, user uid)'],
  ['abc,jane,1\nx', 'record 2 has 1 columns, expected at least 3 (token, user name, user uid)'],
  ['abc,"jane,1', 'a quote is amiss in record 1'],
  ['abc,ja"ne,1', 'a quote is amiss in record 1'],
])('The file %j is refused', (text, message) => {
  expect(() => parseStaticTokens(text)).toThrow(message)
})
