import { isIP } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz } from '../../test/fuzzing.ts'
import { canonicalAddress, formatAddress, parseAddress, parseLenientAddress } from './address.ts'
import { addressVersion } from './addresstext.ts'

const pieces = ['.', ':', '::', '%eth0', '/', '0', '00', '256', 'ffff', '[', ']', ' ', '١', '\0']
const text = fc.oneof(anyText, almost(fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6()), pieces))

test('Every text is an address or none, and an address has one canonical text that means the same', () => {
  fuzz(
    fc.property(text, given => {
      const strict = parseAddress(given)
      const lenient = parseLenientAddress(given)
      expect(addressVersion(given) ?? 0).toBe(given.includes('%') ? 0 : isIP(given))
      if (strict) {
        expect(lenient).toEqual(strict)
        expect(canonicalAddress(given)).toBe(formatAddress(strict))
      }
      if (!lenient) return
      const written = formatAddress(lenient)
      expect(parseAddress(written)).toEqual(lenient)
      expect(formatAddress(parseAddress(written)!)).toBe(written)
    }),
    2000,
  )
})
