import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz } from '../../test/fuzzing.ts'
import { parseTerminalSize } from './remotecommand.ts'

test('Every message on the channel for sizes is a size or nothing', () => {
  const size = fc
    .record({ Width: fc.nat(70_000), Height: fc.integer({ max: 70_000 }) })
    .map(value => JSON.stringify(value))
  fuzz(
    fc.property(fc.oneof(anyText, almost(size, ['{', '}', 'null', '-1', '1e9', '"', ','])), text => {
      const found = parseTerminalSize(text)
      if (!found) return
      for (const number of [found.columns, found.rows]) {
        expect(Number.isInteger(number) && number >= 0 && number <= 0xffff).toBe(true)
      }
    }),
    1000,
  )
})
