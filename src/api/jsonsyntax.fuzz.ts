import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz } from '../../test/fuzzing.ts'
import { findSyntaxError } from './jsonsyntax.ts'
import { findDuplicateFields } from './jsontext.ts'

const pieces = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\\u12',
  '1e',
  '-',
  '0',
  '.',
  'tru',
  'null',
  '\n',
  '"a":',
]
const text = fc.oneof(anyText, almost(fc.json(), pieces))

test('Whatever is no JSON gets a sentence that says why', () => {
  fuzz(
    fc.property(text, given => {
      let value: unknown
      try {
        value = JSON.parse(given)
      } catch {
        expect(findSyntaxError(given)).toMatch(/^(invalid character '|unexpected end of JSON input$)/)
        return
      }
      for (const found of findDuplicateFields(given, value)) expect(found).toMatch(/^duplicate field "/)
    }),
    1500,
  )
})

test('A field that is written twice is found, whatever its name', () => {
  fuzz(
    fc.property(fc.string({ unit: 'binary' }), fc.json(), fc.jsonValue(), (name, before, after) => {
      const quoted = JSON.stringify(name)
      const doubled = `{ ${quoted}: ${before},\n${quoted} :${JSON.stringify(after)} }`
      expect(findDuplicateFields(doubled, JSON.parse(doubled))).toContain(`duplicate field "${name}"`)
    }),
  )
})
