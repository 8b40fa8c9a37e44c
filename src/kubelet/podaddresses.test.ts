import { expect, test } from 'vitest'
import { PodAddresses } from './podaddresses.ts'

const v4 = '10.244.1.0/24'
const v6 = 'fd00:10:244:1::/64'

test.each([
  [[v4], ['10.244.1.2'], ['10.244.1.3']],
  [[v6], ['fd00:10:244:1::2'], ['fd00:10:244:1::3']],
  [
    [v4, v6],
    ['10.244.1.2', 'fd00:10:244:1::2'],
    ['10.244.1.3', 'fd00:10:244:1::3'],
  ],
  [
    [v6, v4],
    ['fd00:10:244:1::2', '10.244.1.2'],
    ['fd00:10:244:1::3', '10.244.1.3'],
  ],
])('From %j Pods get one address each, in that order', (ranges, first, second) => {
  const addresses = new PodAddresses()
  addresses.setRanges(ranges)
  expect(addresses.allocate('a')).toEqual(first)
  expect(addresses.allocate('b')).toEqual(second)
  expect(addresses.allocate('a')).toEqual(first)
})

test('Released addresses are free again, adopted ones are not', () => {
  const addresses = new PodAddresses()
  addresses.setRanges(['10.244.1.0/29'])
  expect(addresses.adopt('old', ['10.244.1.3'])).toBe(true)
  expect(addresses.adopt('other', ['10.244.1.3'])).toBe(false)
  expect(addresses.adopt('foreign', ['10.0.0.3'])).toBe(false)
  const given = ['a', 'b', 'c', 'd'].map(uid => addresses.allocate(uid)[0])
  expect(given).toEqual(['10.244.1.2', '10.244.1.4', '10.244.1.5', '10.244.1.6'])
  expect(() => addresses.allocate('e')).toThrow('no IP addresses available in range set: 10.244.1.0/29')
  addresses.release('old')
  expect(addresses.allocate('e')).toEqual(['10.244.1.3'])
})

test('When one family is used up none of the other is lost', () => {
  const addresses = new PodAddresses()
  addresses.setRanges(['fd00::/126', '10.244.1.0/30'])
  expect(addresses.allocate('a')).toEqual(['fd00::2', '10.244.1.2'])
  expect(() => addresses.allocate('b')).toThrow('10.244.1.0/30')
  addresses.release('a')
  expect(addresses.allocate('c')).toHaveLength(2)
})

test('Without ranges there is no network yet', () => {
  expect(() => new PodAddresses().allocate('a')).toThrow('cni plugin not initialized')
})
