import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz } from '../../test/fuzzing.ts'
import { canonicalMicroTime, canonicalTime } from './times.ts'

const time = fc
  .date({ min: new Date('0000-01-01'), max: new Date('9999-01-01'), noInvalidDate: true })
  .map(at => at.toISOString())
const pieces = ['Z', '+01:00', '-99:99', '.5', ',5', '99', '00', '-', ':', 'T', ' ', '29', '0000']

test('Every text is a time or refused with a sentence, and a canonical time stays as it is', () => {
  fuzz(
    fc.property(fc.oneof(anyText, almost(time, pieces)), text => {
      for (const canonical of [canonicalTime, canonicalMicroTime]) {
        let written: string
        try {
          written = canonical(text)
        } catch (error) {
          expect((error as Error).message).toMatch(/^parsing time /)
          continue
        }
        expect(canonical(written)).toBe(written)
      }
    }),
    1500,
  )
})
