import { expect, test } from 'vitest'
import { parseAddress } from '../ip/address.ts'
import { parseCIDR } from '../ip/cidr.ts'
import { isGlobalUnicast, specialOf, specialPartOf } from './specialranges.ts'

test.each([
  ['2001:db8::5', 'documentation, RFC 3849'],
  ['192.0.2.7', 'documentation, RFC 5737'],
  ['fe80::1', 'link-local, RFC 4291'],
  ['169.254.1.1', 'link-local, RFC 3927'],
  ['::1', 'loopback, RFC 4291'],
  ['127.0.0.1', 'loopback, RFC 1122'],
  ['fec0::1', 'site-local, RFC 3879'],
  ['ff02::1', 'multicast, RFC 4291'],
  ['node1.example', 'not an address'],
  ['10.0.0.1', undefined],
  ['fd00::1', undefined],
  ['2600::1', undefined],
])('%s: %s', (address, expected) => expect(specialOf(address)).toBe(expected))

test('A range that holds a part of a special one is told', () => {
  expect(specialPartOf(parseCIDR('2001:db8:1::/64')!)).toBe('documentation, RFC 3849')
  expect(specialPartOf(parseCIDR('fd00:10:244::/56')!)).toBeUndefined()
  expect(specialPartOf(parseCIDR('10.244.0.0/16')!)).toBeUndefined()
})

test('Only the Internet is global', () => {
  const isGlobal = (text: string) => isGlobalUnicast(parseAddress(text)!)
  expect(['2600::1', 'fd00::1', '2001:db8::1', '10.0.0.1'].map(isGlobal)).toEqual([true, false, false, false])
})
