import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almost, anyText, fuzz } from '../../test/fuzzing.ts'
import {
  cidrContains,
  cidrCovers,
  formatCIDR,
  lastAddress,
  networkOf,
  parseCIDR,
  parseInterfaceAddress,
  parseLenientCIDR,
} from './cidr.ts'

const ranges = fc
  .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(130))
  .map(([address, length]) => `${address}/${length}`)
const text = fc.oneof(
  anyText,
  almost(ranges, ['/', '/0', '/128', '-1', '+1', '/ 8', '08', '1e1', '%25', '::']),
)

test('Every text is a range or none, and what is read is what is written', () => {
  fuzz(
    fc.property(text, given => {
      const strict = parseCIDR(given)
      const lenient = parseLenientCIDR(given)
      const local = parseInterfaceAddress(given)
      if (strict) {
        expect(parseCIDR(formatCIDR(strict))).toEqual(strict)
        expect(local?.prefixLength).toBe(strict.prefixLength)
        expect(cidrContains(strict, lastAddress(strict)) && cidrCovers(strict, strict)).toBe(true)
      }
      for (const found of [lenient, local]) {
        if (!found) continue
        const network = networkOf(found.address, found.prefixLength)
        expect(cidrContains(network, found.address)).toBe(true)
        expect(parseCIDR(formatCIDR(network))).toEqual(network)
      }
      if (local) expect(lenient).toEqual(local)
    }),
    2000,
  )
})
