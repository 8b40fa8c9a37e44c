import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz, orRefused } from '../../../test/fuzzing.ts'
import { formatFieldSelector, parseFieldSelector } from './fieldselector.ts'
import { SelectorError } from './labels.ts'

const term = fc
  .tuple(
    fc.constantFrom('metadata.name', 'spec.nodeName', 'x'),
    fc.constantFrom('=', '==', '!='),
    fc.string(),
  )
  .map(([field, operator, value]) => field + operator + value.replace(/[\\,=]/g, '\\$&'))
const selector = fc.array(term, { maxLength: 4 }).map(terms => terms.join(','))

test('Every text is a selector or refused, and one that is written is read as the same', () => {
  fuzz(
    fc.property(fc.oneof(anyText, almost(selector, [',', '=', '!=', '\\', '\\,', '\\=', '=='])), text => {
      const parsed = orRefused(() => parseFieldSelector(text), SelectorError)
      if (parsed) expect(parseFieldSelector(formatFieldSelector(parsed))).toEqual(parsed)
    }),
    1000,
  )
})
