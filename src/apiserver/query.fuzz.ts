import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz, heavyNames, orRefused } from '../../test/fuzzing.ts'
import { StatusError } from '../api/status.ts'
import { parseQuery } from './query.ts'

const pair = fc.tuple(fc.oneof(fc.string(), fc.constantFrom(...heavyNames)), fc.string({ unit: 'grapheme' }))
const query = fc
  .array(pair, { maxLength: 5 })
  .map(pairs => pairs.map(part => part.map(encodeURIComponent).join('=')).join('&'))

test('Every query is read or a BadRequest, and what was escaped comes out as it was', () => {
  fuzz(
    fc.property(
      fc.oneof(anyText, almost(query, ['&', '=', '%', '%2', '%zz', '%ff', '+', ';', '?'])),
      text => {
        const parsed = orRefused(() => parseQuery(text), StatusError)
        if (!parsed) return
        for (const name of ['limit', ...heavyNames]) {
          expect(parsed.all(name)[0]).toBe(parsed.get(name))
          expect(typeof parsed.flag(name)).toBe('boolean')
          orRefused(() => parsed.integer(name), StatusError)
        }
      },
    ),
    1000,
  )
  fuzz(
    fc.property(pair, ([name, value]) => {
      expect(
        parseQuery(`a=b&${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
          .all(name)
          .at(-1),
      ).toBe(value)
    }),
  )
})
