import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/types.ts'
import { schedulerPlugins } from './plugins/index.ts'
import { planPreemption } from './preemption.ts'
import { findNode } from './schedule.ts'
import { type PodShape, pending, testNode, testPod, testSnapshot } from './testobjects.fake.ts'

function plan(shape: PodShape, placed: Record<string, Pod[]>) {
  const snapshot = testSnapshot(
    Object.keys(placed).map(name => testNode(name, { cpu: '2' })),
    placed,
  )
  const pod = pending('p', shape)
  const fit = findNode(pod, snapshot, { plugins: schedulerPlugins, start: 0, random: () => 0 })
  expect(fit.node).toBeUndefined()
  const before = Object.keys(placed).map(name => ({ ...snapshot.get(name)?.requested }))
  const found = planPreemption(pod, fit.rejections, { snapshot, plugins: schedulerPlugins })
  expect(Object.keys(placed).map(name => ({ ...snapshot.get(name)?.requested }))).toEqual(before)
  return found && [found.node.name, ...found.victims.map(victim => victim.key)]
}

test('Only Pods of lower priority make room', () => {
  const same = { n1: [testPod('a', { cpu: '2', priority: 5 })] }
  expect(plan({ cpu: '1', priority: 5 }, same)).toBeUndefined()
  expect(plan({ cpu: '1', priority: 6 }, same)).toEqual(['n1', 'ns/a'])
})

test('Those that need not go stay, the more important ones first', () => {
  const placed = {
    n1: [
      testPod('low', { cpu: '1', priority: 1 }),
      testPod('middle', { cpu: '500m', priority: 2 }),
      testPod('high', { cpu: '500m', priority: 3 }),
    ],
  }
  expect(plan({ cpu: '1', priority: 10 }, placed)).toEqual(['n1', 'ns/low'])
})

test('The node is chosen where the least important and the fewest Pods are hurt', () => {
  expect(
    plan(
      { cpu: '2', priority: 10 },
      { n1: [testPod('a', { cpu: '2', priority: 5 })], n2: [testPod('b', { cpu: '2', priority: 4 })] },
    ),
  ).toEqual(['n2', 'ns/b'])
  expect(
    plan(
      { cpu: '2', priority: 10 },
      {
        n1: [testPod('a', { cpu: '1', priority: 5 }), testPod('b', { cpu: '1', priority: 5 })],
        n2: [testPod('c', { cpu: '2', priority: 5 })],
      },
    ),
  ).toEqual(['n2', 'ns/c'])
})

test('Of equally important victims the ones that started last go', () => {
  const early = testPod('early', { cpu: '2', priority: 1, started: '2026-01-01T00:00:00Z' })
  const late = testPod('late', { cpu: '2', priority: 1, started: '2026-01-02T00:00:00Z' })
  expect(plan({ cpu: '2', priority: 10 }, { n1: [early], n2: [late] })).toEqual(['n2', 'ns/late'])
})
