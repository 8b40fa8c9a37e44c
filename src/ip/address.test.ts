import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  canonicalAddress,
  compareAddresses,
  formatAddress,
  parseAddress,
  parseLenientAddress,
} from './address.ts'

test.each([
  ['0.0.0.0', 'IPv4', 0n],
  ['10.0.0.1', 'IPv4', 0x0a000001n],
  ['255.255.255.255', 'IPv4', 0xffffffffn],
  ['::', 'IPv6', 0n],
  ['::1', 'IPv6', 1n],
  ['2001:db8::1', 'IPv6', 0x20010db8000000000000000000000001n],
  ['::192.0.2.1', 'IPv6', 0xc0000201n],
  ['64:ff9b::192.0.2.33', 'IPv6', 0x0064ff9b0000000000000000c0000221n],
] as const)('"%s" is the %s address %i', (text, family, value) => {
  expect(parseAddress(text)).toEqual({ family, value })
})

test.each([
  '',
  ' 10.0.0.1',
  '010.1.1.1',
  '1.2.3',
  '1.2.3.4.5',
  '0x0a.0.0.1',
  '256.0.0.1',
  '10.0.0.1/8',
  'fe80::1%eth0',
  '[::1]',
  '::1::',
  'zz::1',
  '1:2:3:4:5:6:7:8:9',
  '::ffff:192.0.2.1',
  '::ffff:c000:201',
])('"%s" is not strictly an address', text => {
  expect(parseAddress(text)).toBeUndefined()
})

test.each([
  ['010.001.1.01', '10.1.1.1'],
  ['0000.0.0.08', '0.0.0.8'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:192.00.2.1', '192.0.2.1'],
  ['0:0:0:0:0:ffff:c000:201', '192.0.2.1'],
  ['2001:DB8:0::1', '2001:db8::1'],
  ['1.2.3', undefined],
  ['256.0.0.01', undefined],
  ['fe80::1%eth0', undefined],
])('Read leniently, "%s" is %s', (text, expected) => {
  const address = parseLenientAddress(text)
  expect(address && formatAddress(address)).toBe(expected)
})

test.each([
  ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['0:0:1::', '0:0:1::'],
  ['::0', '::'],
])('RFC 5952 writes %s as %s', (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical)
})

test('Canonical text reads back as the same address, and is its own canonical text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.bigInt(0n, (1n << 128n) - 1n)), given => {
      const address =
        typeof given === 'bigint' ? { family: 'IPv6' as const, value: given } : parseLenientAddress(given)!
      const text = formatAddress(address)
      expect(parseLenientAddress(text)?.value).toBe(address.value)
      expect(formatAddress(parseLenientAddress(text)!)).toBe(text)
    }),
  )
})

test('Addresses sort IPv4 first, then by value', () => {
  const texts = ['2001:db8::1', '10.0.0.10', '::1', '10.0.0.9']
  const sorted = texts.map(text => parseAddress(text)!).sort(compareAddresses)
  expect(sorted.map(formatAddress)).toEqual(['10.0.0.9', '10.0.0.10', '::1', '2001:db8::1'])
  expect(compareAddresses(sorted[0]!, sorted[0]!)).toBe(0)
})
