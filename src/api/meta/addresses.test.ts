import { describe, expect, test } from 'vitest'
import {
  addressWarnings,
  cidrWarnings,
  validateAddress,
  validateCIDR,
  validateLegacyAddress,
  validateLegacyCIDR,
  validateNonSpecialAddress,
} from './addresses.ts'

const texts = (errors: readonly { readonly message: string }[]) => errors.map(({ message }) => message)

describe('addresses', () => {
  test.each(['10.9.8.7', '2001:db8::ffff', 'FE80:0:0:0:0:0:0:0abc'])('An older field takes %s', value => {
    expect(validateLegacyAddress(value, 'f')).toEqual([])
  })

  test.each([
    ['10.9.8', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['010.9.8.7', 'must not have leading 0s'],
    ['::ffff:1.2.3.4', 'must not be an IPv4-mapped IPv6 address'],
  ])('No field takes "%s": it %s', (value, why) => {
    const expected = [`Invalid value: "${value}": ${why}`]
    expect(texts(validateLegacyAddress(value, 'f'))).toEqual(expected)
    expect(texts(validateAddress(value, 'f'))).toEqual(expected)
  })

  test('A newer field takes only the canonical text', () => {
    expect(validateAddress('fe80::abc', 'f')).toEqual([])
    expect(texts(validateAddress('FE80::0abc', 'f'))).toEqual([
      'Invalid value: "FE80::0abc": must be in canonical form ("fe80::abc")',
    ])
  })

  test.each([
    ['0.0.0.0', 'may not be unspecified (0.0.0.0 or ::)'],
    ['::1', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ['169.254.1.1', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    ['ff02::1', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ])('%s %s', (value, why) => {
    expect(texts(validateNonSpecialAddress(value, 'f'))).toEqual([`Invalid value: "${value}": ${why}`])
  })

  test('An ordinary address is not special', () => {
    expect(validateNonSpecialAddress('203.0.113.1', 'f')).toEqual([])
  })

  test('Unusual spellings bring warnings', () => {
    expect(addressWarnings('2001:db8::1', 'f')).toEqual([])
    expect(addressWarnings('2001:DB8::1', 'f')).toEqual([
      'f: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    ])
    expect(addressWarnings('010.0.0.1', 'f')).toEqual([
      'f: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: ' +
        'use "10.0.0.1"',
    ])
    expect(addressWarnings('x', 'f')).toEqual([])
  })
})

describe('CIDRs', () => {
  test.each([
    ['10.9.8.0', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ['10.9.8.0/33', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ['10.9.8.0/024', 'must not have leading 0s in IP or prefix length'],
    ['010.9.8.0/24', 'must not have leading 0s in IP or prefix length'],
    ['::ffff:10.9.8.0/120', 'must not have an IPv4-mapped IPv6 address'],
    ['10.9.8.7/24', 'must not have bits set beyond the prefix length'],
  ])('No field takes "%s": it %s', (value, why) => {
    const expected = [`Invalid value: "${value}": ${why}`]
    expect(texts(validateLegacyCIDR(value, 'f'))).toEqual(expected)
    expect(texts(validateCIDR(value, 'f'))).toEqual(expected)
  })

  test('A newer field takes only the canonical text', () => {
    expect(validateLegacyCIDR('FD00::/64', 'f')).toEqual([])
    expect(texts(validateCIDR('FD00::/64', 'f'))).toEqual([
      'Invalid value: "FD00::/64": must be in canonical form ("fd00::/64")',
    ])
  })

  test('Unusual spellings bring warnings', () => {
    expect(cidrWarnings('10.0.0.0/8', 'f')).toEqual([])
    expect(cidrWarnings('x', 'f')).toEqual([])
    expect(cidrWarnings('10.1.2.3/8', 'f')).toEqual([
      'f: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
    ])
    expect(cidrWarnings('FD00::/8', 'f')).toEqual([
      'f: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")',
    ])
    expect(cidrWarnings('010.0.0.0/8', 'f')).toEqual([
      'f: non-standard CIDR value "010.0.0.0/8" will be considered invalid in a future Kubernetes release: ' +
        'use "10.0.0.0/8"',
    ])
  })
})
