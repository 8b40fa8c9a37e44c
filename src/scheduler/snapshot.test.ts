import { expect, test } from 'vitest'
import { podInfo } from './podinfo.ts'
import { testNode, testPod, testSnapshot } from './testobjects.fake.ts'

test('A node sums up what its Pods request, and forgets those that leave', () => {
  const snapshot = testSnapshot([testNode('n1')], {
    n1: [testPod('a', { cpu: '1', memory: '1Gi' }), testPod('b', { cpu: '500m' })],
  })
  const node = snapshot.get('n1')!
  expect(node.requested).toEqual({ cpu: 1500, memory: 1073741824 })
  expect(node.allocatable).toEqual({ cpu: 4000, memory: 8589934592, pods: 110 })
  snapshot.removePod('ns/a')
  expect(node.requested).toEqual({ cpu: 500, memory: 0 })
  expect(node.pods.size).toBe(1)
})

test('An assumed Pod takes its place and gives it back when the binding fails', () => {
  const snapshot = testSnapshot([testNode('n1')])
  const info = podInfo(testPod('a', { cpu: '1' }))
  snapshot.assume(info, 'n1')
  expect(snapshot.get('n1')?.requested.cpu).toBe(1000)
  snapshot.forget('ns/a')
  expect(snapshot.get('n1')?.requested.cpu).toBe(0)
  snapshot.assume(info, 'n1')
  snapshot.setPod(info, 'n1')
  snapshot.forget('ns/a')
  expect(snapshot.get('n1')?.requested.cpu).toBe(1000)
})

test('Pods may be known before their node is, and stay when it goes', () => {
  const snapshot = testSnapshot([], { n1: [testPod('a', { cpu: '1' })] })
  expect(snapshot.get('n1')).toBeUndefined()
  snapshot.setNode(testNode('n1'))
  expect(snapshot.get('n1')?.requested.cpu).toBe(1000)
  snapshot.removeNode('n1')
  expect(snapshot.nodes).toEqual([])
  snapshot.setNode(testNode('n1'))
  expect(snapshot.get('n1')?.requested.cpu).toBe(1000)
})

test.each([
  ['', '', true],
  ['', '192.0.2.1', true],
  ['::', '2001:db8::1', true],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
])('Host port 80 on "%s" conflicts with one on "%s": %s', (used, wanted, expected) => {
  const ports = [{ containerPort: 80, hostPort: 80, hostIP: used }]
  const snapshot = testSnapshot([testNode('n1')], {
    n1: [testPod('a', { containers: [{ name: 'c', ports }] })],
  })
  const node = snapshot.get('n1')!
  expect(node.hasPortConflict([{ ip: wanted, protocol: 'TCP', port: 80 }])).toBe(expected)
  expect(node.hasPortConflict([{ ip: wanted, protocol: 'UDP', port: 80 }])).toBe(false)
})

test('Nodes with taints and cordoned nodes are counted as they come, change and go', () => {
  const snapshot = testSnapshot([testNode('n1'), testNode('n2')])
  const counts = () => [snapshot.nodesWithTaints, snapshot.cordonedNodes]
  const hindered = {
    ...testNode('n1'),
    spec: { unschedulable: true, taints: [{ key: 'k', effect: 'NoSchedule' }] },
  }
  expect(counts()).toEqual([0, 0])
  snapshot.setNode(hindered)
  snapshot.setNode(hindered)
  expect(counts()).toEqual([1, 1])
  snapshot.setNode(testNode('n1'))
  expect(counts()).toEqual([0, 0])
  snapshot.setNode(hindered)
  snapshot.removeNode('n1')
  expect(counts()).toEqual([0, 0])
})
