import { expect, test } from 'vitest'
import type { Node, Pod } from '../api/generated/types.ts'
import { formatCIDR } from '../ip/cidr.ts'
import { findClusterRange, flagOf } from './clusterranges.ts'

const manager = (...command: string[]): Pod => ({
  metadata: { name: 'kube-controller-manager-a', labels: { component: 'kube-controller-manager' } },
  spec: { containers: [{ name: 'c', command: ['kube-controller-manager', ...command] }] },
})
const nodes: Node[] = [
  { metadata: { name: 'node1' }, spec: { podCIDRs: ['10.244.0.0/24', 'fd00:10:244::/64'] } },
  { metadata: { name: 'node2' }, spec: { podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'] } },
]

test('A flag is read with and without an equals sign', () => {
  expect(flagOf(manager('--cluster-cidr=a,b'), '--cluster-cidr')).toBe('a,b')
  expect(flagOf(manager('--cluster-cidr', 'a'), '--cluster-cidr')).toBe('a')
  expect(flagOf(manager('--cluster-cidr-x=a'), '--cluster-cidr')).toBeUndefined()
})

test("The controller manager's flag is known, what nodes have is inferred", () => {
  const flagged = findClusterRange(
    { nodes, pods: [manager('--cluster-cidr=10.244.0.0/16,fd00:10:244::/56')] },
    'IPv6',
  )!
  expect([formatCIDR(flagged.cidr), flagged.isKnown]).toEqual(['fd00:10:244::/56', true])
  const inferred = findClusterRange({ nodes, pods: [] }, 'IPv4')!
  expect([formatCIDR(inferred.cidr), inferred.isKnown]).toEqual(['10.244.0.0/23', false])
  expect(findClusterRange({ nodes: [], pods: [] }, 'IPv4')).toBeUndefined()
})
