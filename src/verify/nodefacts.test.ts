import { expect, test } from 'vitest'
import type { Node } from '../api/generated/types.ts'
import { familyOrders } from '../ip/family.ts'
import {
  addressesOf,
  familiesOf,
  familiesOfCIDRs,
  inOrder,
  internalIPsOf,
  listSome,
  ofFamily,
  operatingSystemOf,
  podCIDRsOf,
  withNode,
} from './nodefacts.ts'

const node: Node = {
  metadata: { name: 'node1' },
  spec: { podCIDRs: ['fd00:1::/64', '10.244.1.0/24'] },
  status: {
    addresses: [
      { type: 'Hostname', address: 'node1' },
      { type: 'InternalIP', address: 'fd00::1' },
      { type: 'InternalIP', address: 'fd00::2' },
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'ExternalIP', address: '198.51.100.1' },
    ],
  },
}

test('Addresses and ranges keep the order in which the Node has them', () => {
  expect(internalIPsOf(node)).toEqual(['fd00::1', 'fd00::2', '192.0.2.1'])
  expect(familiesOf(internalIPsOf(node))).toEqual(['IPv6', 'IPv4'])
  expect(addressesOf(node, 'ExternalIP')).toEqual(['198.51.100.1'])
  expect(familiesOfCIDRs(podCIDRsOf(node))).toEqual(['IPv6', 'IPv4'])
  expect(ofFamily(internalIPsOf(node), 'IPv6')).toEqual(['fd00::1', 'fd00::2'])
  expect(withNode(node, ofFamily(internalIPsOf(node), 'IPv4'))).toBe('node1: 192.0.2.1')
})

test('A Node that says nothing has no addresses', () => {
  const empty: Node = { metadata: { name: 'node2' } }
  expect([internalIPsOf(empty), podCIDRsOf(empty)]).toEqual([[], []])
  expect(withNode(empty, [])).toBe('node2: -')
  expect(operatingSystemOf(empty)).toBe('linux')
  expect(operatingSystemOf({ metadata: { labels: { 'kubernetes.io/os': 'windows' } } })).toBe('windows')
})

test.each(familyOrders)('%s %s is in its own order, and a part of it as well', (...order) => {
  const families = order.filter(family => family !== undefined)
  expect(inOrder(families, families)).toBe(true)
  expect(inOrder(families.slice(1), families)).toBe(true)
  expect(inOrder(families.toReversed(), families)).toBe(families.length < 2)
})

test('A long list is cut and says how much', () => {
  expect(listSome(['a', 'b'])).toBe('a, b')
  expect(listSome(['1', '2', '3', '4', '5', '6', '7', '8'], '; ')).toBe('1; 2; 3; 4; 5; 6; ... (+2)')
})
