import { expect, test } from 'vitest'
import { familyOf, familyOfCIDR, familyOrders, formatFamilies, otherFamily, parseFamilies } from './family.ts'

test.each([
  ['192.0.2.1', 'IPv4'],
  ['2001:db8::1', 'IPv6'],
  ['::', 'IPv6'],
  ['::ffff:1', 'IPv6'],
  ['::fffe:192.0.2.1', 'IPv6'],
  ['::ffff:192.0.2.1', 'IPv4'],
  ['0:0::FFFF:c000:201', 'IPv4'],
  ['0:0:0:0:0:ffff:c000::', 'IPv4'],
  ['::ffff:0:0:1', 'IPv6'],
  ['fe80::1%eth0', undefined],
  ['192.0.2.01', undefined],
  ['host', undefined],
  ['', undefined],
])('The family of "%s" is %s', (address, family) => {
  expect(familyOf(address)).toBe(family)
})

test('The family of a CIDR is that of its address', () => {
  expect(familyOfCIDR('10.0.0.0/8')).toBe('IPv4')
  expect(familyOfCIDR('fd00::/64')).toBe('IPv6')
  expect(familyOfCIDR('10.0.0.0')).toBeUndefined()
})

test('parseFamilies() and formatFamilies() are inverses on all four orders', () => {
  expect(familyOrders.map(families => parseFamilies(formatFamilies(families)))).toEqual([
    ['IPv4'],
    ['IPv6'],
    ['IPv4', 'IPv6'],
    ['IPv6', 'IPv4'],
  ])
  expect(otherFamily('IPv4')).toBe('IPv6')
  expect(otherFamily('IPv6')).toBe('IPv4')
})

test.each(['', 'ipv4', 'IPv4,IPv4', 'IPv4,IPv6,IPv4', 'dual'])('parseFamilies() refuses "%s"', text => {
  expect(() => parseFamilies(text)).toThrow(`Cannot use the IP families "${text}"`)
})
