import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/types.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { planPodGC, podGCController } from './podgc.ts'
import { nodes, pods } from './resources.ts'

const pod = (name: string, nodeName?: string): Pod => ({
  metadata: { name, namespace },
  spec: { containers: [{ name: 'c', image: 'i' }], nodeName },
})

test('Pods of a node that stays away are removed, those of a node that is there are not', async () => {
  const world = await startControllers([podGCController()])
  await world.client.create(nodes, { metadata: { name: 'n1' } })
  await world.client.create(pods, pod('kept', 'n1'))
  await world.client.create(pods, pod('lost', 'n2'))
  await world.clock.advance(59_000)
  await world.settle()
  expect((await world.list(pods)).length).toBe(2)
  await world.clock.advance(2_000)
  await world.settle()
  expect((await world.list(pods)).map(({ metadata }) => metadata.name)).toEqual(['kept'])
  expect(world.problems).toEqual([])
})

test('Terminating Pods without a node and the oldest finished ones are removed', () => {
  const finished = (name: string, creationTimestamp: string): Pod => ({
    metadata: { name, creationTimestamp },
    status: { phase: 'Succeeded' },
  })
  const leaving = {
    ...pod('leaving'),
    metadata: { name: 'leaving', deletionTimestamp: '2026-01-01T00:00:00Z' },
  }
  const all = [leaving, finished('b', '2026-01-02'), finished('a', '2026-01-01'), pod('waiting')]
  const plan = planPodGC({ pods: all, nodes: [] }, new Map(), { nowMs: 0, threshold: 1 })
  const names = (list: readonly Pod[]) => list.map(({ metadata }) => metadata.name)
  expect([names(plan.unscheduled), names(plan.finished), names(plan.orphaned)]).toEqual([
    ['leaving'],
    ['a'],
    [],
  ])
})
