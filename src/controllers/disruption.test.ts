import { expect, test } from 'vitest'
import type { Pod, PodDisruptionBudget } from '../api/generated/types.ts'
import { podDisruptionBudgets } from '../api/resources/policy/poddisruptionbudget.ts'
import { disruptionController, planBudgetStatus, planExpected } from './disruption.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { replicaSetController } from './replicaset.ts'
import { pods, replicaSets } from './resources.ts'

const target = { namespace, name: 'web' }
const budget = (spec: PodDisruptionBudget['spec']): PodDisruptionBudget => ({
  metadata: target,
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
})

test('The number of disruptions follows the Pods, and evictions are allowed by it', async () => {
  const world = await startControllers([disruptionController, replicaSetController()])
  await world.client.create(replicaSets, {
    metadata: target,
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  })
  await world.client.create(podDisruptionBudgets, budget({ maxUnavailable: 1 }))
  await world.settle()
  const status = async () => (await world.client.get(podDisruptionBudgets, target)).status
  expect(await status()).toMatchObject({
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 2,
    expectedPods: 3,
  })
  await world.setPods(true)
  await world.settle()
  expect(await status()).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3 })
  const evict = (pod: Pod | undefined) =>
    world.client.createSubresource(
      pods,
      { namespace, name: pod?.metadata.name ?? '', subresource: 'eviction' },
      { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name: pod?.metadata.name } },
    )
  const [first, second] = await world.list(pods)
  await evict(first)
  await expect(evict(second)).rejects.toThrow('disruption budget')
  expect(world.problems).toEqual([])
})

test('Percentages are of what the controllers want', () => {
  expect(planExpected(budget({ minAvailable: '50%' }), 3, 5)).toEqual({ expectedPods: 5, desiredHealthy: 3 })
  expect(planExpected(budget({ maxUnavailable: '30%' }), 3, 10)).toEqual({
    expectedPods: 10,
    desiredHealthy: 7,
  })
  expect(planExpected(budget({ minAvailable: 2 }), 3, undefined)).toEqual({
    expectedPods: 3,
    desiredHealthy: 2,
  })
  expect(planExpected(budget({ maxUnavailable: 1 }), 3, undefined)).toBeUndefined()
})

test('A Pod whose eviction is under way no longer counts as healthy, for two minutes', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const pod = {
    metadata: { name: 'p' },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }
  const evicted = { ...budget({ minAvailable: 0 }), status: { disruptedPods: { p: '2026-01-01T00:00:00Z' } } }
  const healthy = (atMs: number) =>
    planBudgetStatus(evicted, [pod], { replicas: 1, nowMs: atMs }).currentHealthy
  expect([healthy(nowMs + 60_000), healthy(nowMs + 120_000)]).toEqual([0, 1])
})
