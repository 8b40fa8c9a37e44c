import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuzz } from '../../test/fuzzing.ts'
import { piecesOf } from './largebody.ts'

test('Pieces are the same bytes, none much larger than asked for', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)))
  fuzz(
    fc.property(parts, fc.integer({ min: 1, max: 20 }), (given, size) => {
      const pieces = [...piecesOf(given, size)]
      expect(Buffer.concat(pieces)).toEqual(Buffer.concat(given))
      expect(pieces.every(piece => piece.length > 0 && piece.length < 2 * size)).toBe(true)
    }),
  )
})
