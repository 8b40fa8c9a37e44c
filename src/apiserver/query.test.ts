import { expect, test } from 'vitest'
import { emptyQuery, parseQuery, queryOf } from './query.ts'

test('parseQuery() decodes names and values and keeps repeated ones in order', () => {
  const query = parseQuery('command=ls&command=-l%20x&labelSelector=a+in+%28b%29&watch')
  expect(query.all('command')).toEqual(['ls', '-l x'])
  expect(query.get('labelSelector')).toBe('a in (b)')
  expect(query.get('watch')).toBe('')
  expect(query.get('none')).toBeUndefined()
})

test('A flag is set by its name alone and unset by false and 0', () => {
  const query = parseQuery('a&b=true&c=1&d=false&e=0&f=False')
  expect(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => query.flag(name))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})

test('An integer that is none is a bad request, worded as Go words it', () => {
  expect(parseQuery('limit=500').integer('limit')).toBe(500)
  expect(parseQuery('a=1').integer('limit')).toBeUndefined()
  for (const text of ['', 'x', '1.5', '1e3', ' 1', '0x10']) {
    const why = `strconv.ParseInt: parsing "${text}": invalid syntax`
    expect(() => parseQuery(`limit=${text}`).integer('limit')).toThrow(why)
  }
  expect(() => parseQuery('limit=9223372036854775808').integer('limit')).toThrow(
    'strconv.ParseInt: parsing "9223372036854775808": value out of range',
  )
})

test('A broken escape is a bad request', () => {
  expect(() => parseQuery('a=%zz')).toThrow('invalid URL escape')
})

test('No query is the one empty Query', () => {
  expect(parseQuery('')).toBe(emptyQuery)
  expect(queryOf({ dryRun: undefined })).toBe(emptyQuery)
  expect(queryOf({ dryRun: 'All', command: ['a', 'b'] }).all('command')).toEqual(['a', 'b'])
})
