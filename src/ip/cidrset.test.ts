// Ranges without others.
import { expect, test } from 'vitest'
import { formatCIDR, parseCIDR } from './cidr.ts'
import { subtractCIDRs, withoutCovered } from './cidrset.ts'

const cidrs = (...texts: readonly string[]) => texts.map(text => parseCIDR(text)!)

test.each([
  ['10.0.0.0/8', [], ['10.0.0.0/8']],
  ['10.0.0.0/30', ['10.0.0.1/32'], ['10.0.0.0/32', '10.0.0.2/31']],
  ['10.0.0.0/24', ['10.0.0.0/25', '10.0.0.192/26'], ['10.0.0.128/26']],
  ['10.0.0.0/24', ['10.0.0.0/16'], []],
  ['10.0.0.0/24', ['10.0.1.0/24', 'fd00::/8'], ['10.0.0.0/24']],
  ['10.0.0.1/32', ['10.0.0.1/32'], []],
  ['::/0', ['8000::/1', '4000::/2'], ['::/2']],
  ['fd00::/126', ['fd00::/128', 'fd00::3/128'], ['fd00::1/128', 'fd00::2/128']],
])('%s without %s is %s', (cidr, taken, left) => {
  expect(subtractCIDRs(parseCIDR(cidr)!, cidrs(...taken)).map(formatCIDR)).toEqual(left)
})

test('of ranges within each other the widest stay', () => {
  const all = cidrs('10.0.1.0/24', '10.0.0.0/16', 'fd00::/64', '10.0.0.0/16', '10.1.0.0/16', 'fd00::/48')
  expect(withoutCovered(all).map(formatCIDR)).toEqual(['10.0.0.0/16', '10.1.0.0/16', 'fd00::/48'])
})
