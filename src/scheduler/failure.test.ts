import { expect, test } from 'vitest'
import { formatFailure } from './failure.ts'
import { schedulerPlugins } from './plugins/index.ts'
import { findNode } from './schedule.ts'
import { type NodeShape, type PodShape, pending, testNode, testSnapshot } from './testobjects.fake.ts'

const taints = [{ key: 'k', value: 'v', effect: 'NoSchedule' }]

test.each<[NodeShape[], PodShape, string]>([
  [[], {}, 'no nodes available to schedule pods'],
  [
    [{ taints }, { cpu: '1' }, { cpu: '1' }],
    { cpu: '900m', memory: '9Gi' },
    '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient memory. ' +
      'no new claims to deallocate, preemption: 0/3 nodes are available: ' +
      '3 Preemption is not helpful for scheduling.',
  ],
  [
    [{ pods: '0' }, { unschedulable: true }],
    {},
    '0/2 nodes are available: 1 Too many pods, 1 node(s) were unschedulable. ' +
      'no new claims to deallocate, preemption: 0/2 nodes are available: ' +
      '1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
  ],
])('Nodes %j reject the Pod %j: %s', (shapes, shape, expected) => {
  const snapshot = testSnapshot(shapes.map((node, index) => testNode(`n${index}`, node)))
  const options = { plugins: schedulerPlugins, start: 0, random: () => 0 }
  const { rejections } = findNode(pending('p', shape), snapshot, options)
  expect(formatFailure(shapes.length, rejections, 'noVictims')).toBe(expected)
})

test('A Pod that may preempt nobody, and one that just did, say so', () => {
  const snapshot = testSnapshot([testNode('n1', { pods: '0' })])
  const options = { plugins: schedulerPlugins, start: 0, random: () => 0 }
  const { rejections } = findNode(pending('p'), snapshot, options)
  expect(formatFailure(1, rejections, 'never')).toBe(
    '0/1 nodes are available: 1 Too many pods. preemption: not eligible due to preemptionPolicy=Never.',
  )
  expect(formatFailure(1, rejections, 'found')).toBe('0/1 nodes are available: 1 Too many pods.')
})
