import { expect, test } from 'vitest'
import { schedulerPlugins } from './plugins/index.ts'
import { enoughNodes, findNode } from './schedule.ts'
import { pending, testNode, testPod, testSnapshot } from './testobjects.fake.ts'

const options = { plugins: schedulerPlugins, start: 0, random: () => 0.99 }

test.each([
  [1, 1],
  [100, 100],
  [150, 100],
  [1000, 420],
  [5000, 500],
  [10_000, 500],
])('With %d nodes it is enough to find %d', (count, expected) => {
  expect(enoughNodes(count)).toBe(expected)
})

test('The emptiest of the nodes that will do is chosen', () => {
  const snapshot = testSnapshot([testNode('n1'), testNode('n2'), testNode('n3', { unschedulable: true })], {
    n1: [testPod('a', { cpu: '2', memory: '1Gi' })],
  })
  const { node, rejections } = findNode(pending('p', { cpu: '1', memory: '1Gi' }), snapshot, options)
  expect(node?.name).toBe('n2')
  expect([...rejections].map(([{ name }, { plugin, reasons }]) => [name, plugin.name, reasons])).toEqual([
    ['n3', 'NodeUnschedulable', ['node(s) were unschedulable']],
  ])
})

test('Among equals chance decides, and the search may begin anywhere', () => {
  const snapshot = testSnapshot([testNode('n1'), testNode('n2'), testNode('n3')])
  const found = (start: number, random: number) =>
    findNode(pending('p'), snapshot, { ...options, start, random: () => random }).node?.name
  expect([found(0, 0.99), found(1, 0.99), found(2, 0.99), found(0, 0)]).toEqual(['n1', 'n2', 'n3', 'n3'])
})

test('Replicas that request nothing spread over the nodes', () => {
  const names = ['n1', 'n2', 'n3']
  const snapshot = testSnapshot(names.map(name => testNode(name)))
  for (let index = 0; index < 9; index++) {
    const pod = pending(`p${index}`)
    snapshot.assume(pod, findNode(pod, snapshot, options).node!.name)
  }
  expect(names.map(name => snapshot.get(name)?.pods.size)).toEqual([3, 3, 3])
})
