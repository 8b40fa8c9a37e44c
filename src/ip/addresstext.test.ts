import { isIP } from 'node:net'
import { expect, test } from 'vitest'
import { addressVersion } from './addresstext.ts'

test.each([
  '0.0.0.0',
  '255.255.255.255',
  '1.2.3.256',
  '1.2.3.04',
  '1.2.3',
  '1.2.3.4.5',
  '1..3.4',
  '1.2.3.',
  '::',
  '::1',
  '1::',
  ':1',
  '1:',
  ':',
  '',
  ':::',
  '1:::2',
  '1::2::3',
  '2001:DB8::a:0',
  '12345::',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1::2:3:4:5:6:7:8',
  '::ffff:192.0.2.1',
  '1:2:3:4:5:6:192.0.2.1',
  '1:2:3:4:5:6:7:192.0.2.1',
  '::1.2.3',
  '1.2.3.4::',
  '::1.2.3.4:5',
  '::g',
])('"%s" is an address where Node says so', text => {
  expect(addressVersion(text) ?? 0).toBe(isIP(text))
})

test('A zone is no part of an address', () => {
  expect(addressVersion('fe80::1%eth0')).toBeUndefined()
})
