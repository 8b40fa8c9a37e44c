import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAddress, parseAddress } from './address.ts'
import {
  addressAt,
  cidrContains,
  cidrCovers,
  cidrSize,
  cidrsOverlap,
  formatCIDR,
  lastAddress,
  networkOf,
  nthAddress,
  parseCIDR,
  parseInterfaceAddress,
  parseLenientCIDR,
  sameCIDR,
  splitCIDR,
  splitCount,
} from './cidr.ts'

const cidr = (text: string) => parseCIDR(text)!
const address = (text: string) => parseAddress(text)!

test.each(['10.96.0.0/16', '0.0.0.0/0', '10.0.0.1/32', 'fd00:10:96::/112', '::/0', '::1/128'])(
  '%s reads and writes as itself',
  text => expect(formatCIDR(cidr(text))).toBe(text),
)

test.each([
  '10.96.0.1/16',
  '10.96.0.0/33',
  '10.96.0.0/016',
  '10.96.0.0/+8',
  '10.96.0.0/',
  '10.96.0.0',
  '10.96.0/16',
  'fd00::1/64',
  'fd00::/129',
  '::ffff:10.0.0.0/104',
])('"%s" is not strictly a CIDR', text => expect(parseCIDR(text)).toBeUndefined())

test('An interface address keeps its host bits', () => {
  const { address: own, prefixLength } = parseInterfaceAddress('192.0.2.7/24')!
  expect(formatAddress(own)).toBe('192.0.2.7')
  expect(formatCIDR(networkOf(own, prefixLength))).toBe('192.0.2.0/24')
})

test.each([
  ['010.0.0.5/08', '10.0.0.5', 8],
  ['::ffff:10.0.0.0/104', '10.0.0.0', 8],
  ['2001:db8::5/64', '2001:db8::5', 64],
])('Read leniently, %s is %s of a /%i', (text, expected, prefixLength) => {
  const parsed = parseLenientCIDR(text)!
  expect([formatAddress(parsed.address), parsed.prefixLength]).toEqual([expected, prefixLength])
})

test('Sizes and ends are right up to 128 bits', () => {
  expect(cidrSize(cidr('10.0.0.0/24'))).toBe(256n)
  expect(cidrSize(cidr('::/0'))).toBe(1n << 128n)
  expect(formatAddress(lastAddress(cidr('10.0.0.0/24')))).toBe('10.0.0.255')
  expect(formatAddress(lastAddress(cidr('fd00::/64')))).toBe('fd00::ffff:ffff:ffff:ffff')
  expect(formatAddress(addressAt(cidr('10.96.0.0/16'), 10n))).toBe('10.96.0.10')
  expect(() => addressAt(cidr('10.0.0.0/30'), 4n)).toThrow('Cannot take address 4 of 10.0.0.0/30')
})

test('A range contains its own addresses and no others', () => {
  expect(cidrContains(cidr('10.0.0.0/8'), address('10.255.255.255'))).toBe(true)
  expect(cidrContains(cidr('10.0.0.0/8'), address('11.0.0.0'))).toBe(false)
  expect(cidrContains(cidr('::/0'), address('10.0.0.1'))).toBe(false)
})

test('Ranges cover and overlap each other', () => {
  expect(cidrCovers(cidr('10.0.0.0/8'), cidr('10.1.0.0/16'))).toBe(true)
  expect(cidrCovers(cidr('10.1.0.0/16'), cidr('10.0.0.0/8'))).toBe(false)
  expect(cidrsOverlap(cidr('10.1.0.0/16'), cidr('10.0.0.0/8'))).toBe(true)
  expect(cidrsOverlap(cidr('10.0.0.0/16'), cidr('10.1.0.0/16'))).toBe(false)
  expect(cidrsOverlap(cidr('0.0.0.0/0'), cidr('::/0'))).toBe(false)
  expect(sameCIDR(cidr('fd00::/64'), cidr('fd00:0::/64'))).toBe(true)
})

test('A range splits into equal parts', () => {
  expect(splitCount(cidr('10.244.0.0/16'), 24)).toBe(256n)
  expect(formatCIDR(splitCIDR(cidr('10.244.0.0/16'), 24, 255n))).toBe('10.244.255.0/24')
  expect(formatCIDR(splitCIDR(cidr('fd00:10:244::/56'), 64, 1n))).toBe('fd00:10:244:1::/64')
  expect(() => splitCIDR(cidr('10.244.0.0/16'), 24, 256n)).toThrow('Cannot take /24 number 256')
  expect(() => splitCIDR(cidr('10.244.0.0/16'), 8, 0n)).toThrow('Cannot take /8')
})

test('The parts of a range lie in it and do not overlap', () => {
  const parts = fc.record({
    base: fc.bigInt(0n, (1n << 128n) - 1n),
    length: fc.integer({ min: 0, max: 120 }),
  })
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 8 }), ({ base, length }, more) => {
      const range = networkOf({ family: 'IPv6', value: base }, length)
      const last = splitCount(range, length + more) - 1n
      const [first, final] = [splitCIDR(range, length + more, 0n), splitCIDR(range, length + more, last)]
      expect(cidrCovers(range, first) && cidrCovers(range, final)).toBe(true)
      expect(cidrsOverlap(first, final)).toBe(false)
      expect(first.base).toBe(range.base)
      expect(lastAddress(final)).toEqual(lastAddress(range))
    }),
  )
})

test.each([
  ['10.96.0.0/16', 10n, '10.96.0.10'],
  ['fd00:10:96::/112', 10n, 'fd00:10:96::a'],
])('Of %s, address %i is %s', (range, offset, expected) => expect(nthAddress(range, offset)).toBe(expected))

test('What is no range has no addresses', () =>
  expect(() => nthAddress('10.96.0.1/16', 1n)).toThrow(
    'Cannot count addresses of 10.96.0.1/16: expected a CIDR',
  ))
