import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidrsOverlap, formatCIDR, networkOf, parseCIDR } from '../ip/cidr.ts'
import { commonRange, contains, overlaps, ownedRanges, showRange } from './ranges.ts'

const common = (...cidrs: string[]) => {
  const range = commonRange(cidrs.map(cidr => parseCIDR(cidr)!))
  return range && formatCIDR(range)
}

test('The common range is the smallest that holds all', () => {
  expect(common()).toBeUndefined()
  expect(common('10.244.1.0/24')).toBe('10.244.1.0/24')
  expect(common('10.244.0.0/24', '10.244.1.0/24')).toBe('10.244.0.0/23')
  expect(common('10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24')).toBe('10.244.0.0/22')
  expect(common('fd00:10:244::/64', 'fd00:10:244:3::/64')).toBe('fd00:10:244::/62')
  expect(common('10.0.0.0/24', '192.168.0.0/24')).toBe('0.0.0.0/0')
})

test('Overlaps name both owners', () => {
  const ranges = [
    ...ownedRanges('node1', ['10.244.1.0/24', 'fd00:1::/64']),
    ...ownedRanges('node2', ['10.244.1.128/25', 'fd00:2::/64']),
    ...ownedRanges('node3', ['10.244.2.0/24', 'no range']),
  ]
  expect(overlaps(ranges).map(pair => pair.map(showRange))).toEqual([
    ['node1 10.244.1.0/24', 'node2 10.244.1.128/25'],
  ])
})

test('Overlaps are found exactly when some pair overlaps', () => {
  const range = fc.record({
    value: fc.bigInt(0n, 255n).map(value => value << 24n),
    prefixLength: fc.integer({ min: 2, max: 10 }),
  })
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), drawn => {
      const ranges = drawn.map(({ value, prefixLength }, index) => ({
        owner: String(index),
        cidr: networkOf({ family: 'IPv4', value }, prefixLength),
      }))
      const some = ranges.some((a, at) => ranges.slice(at + 1).some(b => cidrsOverlap(a.cidr, b.cidr)))
      expect(overlaps(ranges).length > 0).toBe(some)
    }),
  )
})

test('contains() knows no address but a real one', () => {
  const cidr = parseCIDR('10.0.0.0/8')!
  expect([contains(cidr, '10.1.1.1'), contains(cidr, '11.1.1.1'), contains(cidr, 'x')]).toEqual([
    true,
    false,
    false,
  ])
})
