import { expect, test } from 'vitest'
import { parseAddress } from './address.ts'
import { isLinkLocal, isLinkLocalMulticast, isLoopback, isUnspecified } from './special.ts'

const tests = { isUnspecified, isLoopback, isLinkLocal, isLinkLocalMulticast }

test.each([
  ['0.0.0.0', 'isUnspecified'],
  ['::', 'isUnspecified'],
  ['127.8.9.10', 'isLoopback'],
  ['::1', 'isLoopback'],
  ['169.254.255.255', 'isLinkLocal'],
  ['fe80::1', 'isLinkLocal'],
  ['febf::1', 'isLinkLocal'],
  ['224.0.0.255', 'isLinkLocalMulticast'],
  ['ff02::1', 'isLinkLocalMulticast'],
  ['ff12::1', 'isLinkLocalMulticast'],
  ['224.0.1.1', undefined],
  ['fec0::1', undefined],
  ['::2', undefined],
  ['10.0.0.1', undefined],
])('Of %s only %s is true', (text, expected) => {
  const address = parseAddress(text)!
  const found = Object.entries(tests).filter(([, is]) => is(address))
  expect(found.map(([name]) => name)).toEqual(expected ? [expected] : [])
})
