import { expect, test } from 'vitest'
import type { Deployment, ReplicaSet } from '../api/generated/types.ts'
import {
  maxSurge,
  maxUnavailable,
  newSetReplicas,
  planScaleDown,
  planScaling,
  sameTemplate,
} from './rollout.ts'

const deployment = (replicas: number, surge: number | string, unavailable: number | string): Deployment => ({
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: {},
    template: {},
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
  },
})
const set = (
  name: string,
  replicas: number,
  options: { available?: number; max?: number } = {},
): ReplicaSet => ({
  metadata: {
    name,
    creationTimestamp: `2026-01-01T00:00:0${name.slice(1)}Z`,
    annotations: options.max ? { 'deployment.kubernetes.io/max-replicas': String(options.max) } : {},
  },
  spec: { replicas, selector: {} },
  status: { replicas, availableReplicas: options.available ?? replicas },
})
const sizes = (steps: ReturnType<typeof planScaling>) =>
  Object.fromEntries(steps.map(step => [step.set.metadata.name, step.replicas]))

test('Percentages are rounded up for the surge and down for unavailability, never both to nothing', () => {
  const table: [Deployment, number, number][] = [
    [deployment(10, '25%', '25%'), 3, 2],
    [deployment(1, '25%', '25%'), 1, 0],
    [deployment(3, 0, '10%'), 0, 1],
    [deployment(0, '25%', '25%'), 0, 0],
    [deployment(2, 5, 5), 5, 2],
  ]
  for (const [object, surge, unavailable] of table) {
    expect([maxSurge(object), maxUnavailable(object)]).toEqual([surge, unavailable])
  }
  const recreate = {
    ...deployment(4, 1, 1),
    spec: { ...deployment(4, 1, 1).spec!, strategy: { type: 'Recreate' } },
  }
  expect([maxSurge(recreate), maxUnavailable(recreate)]).toEqual([0, 0])
})

test('The new ReplicaSet gets what surge leaves', () => {
  expect(newSetReplicas(deployment(10, 3, 2), [set('s1', 10)], 0)).toBe(3)
  expect(newSetReplicas(deployment(10, 3, 2), [set('s1', 10), set('s2', 3)], 3)).toBe(3)
  expect(newSetReplicas(deployment(10, 0, 1), [set('s1', 9), set('s2', 0)], 0)).toBe(1)
  expect(newSetReplicas(deployment(2, 5, 0), [], 0)).toBe(2)
})

test('Old ReplicaSets shrink by their unhealthy Pods first, then by what availability allows', () => {
  const down = (object: Deployment, fresh: ReplicaSet, old: ReplicaSet[]) =>
    sizes(planScaleDown(object, fresh, old))
  expect(down(deployment(10, 3, 2), set('s2', 3, { available: 0 }), [set('s1', 10)])).toEqual({ s1: 8 })
  expect(down(deployment(10, 3, 2), set('s2', 5, { available: 0 }), [set('s1', 8)])).toEqual({})
  expect(down(deployment(10, 3, 2), set('s2', 5, { available: 5 }), [set('s1', 8)])).toEqual({ s1: 3 })
  const fresh = set('s2', 1, { available: 0 })
  expect(down(deployment(5, 1, 0), fresh, [set('s1', 5, { available: 0 })])).toEqual({})
  expect(down(deployment(5, 1, 1), set('s2', 1), [set('s1', 5, { available: 3 })])).toEqual({ s1: 3 })
})

test('Scaling a Deployment with one active ReplicaSet scales that one', () => {
  expect(sizes(planScaling(deployment(7, 1, 0), set('s2', 5), [set('s1', 0)]))).toEqual({ s2: 7 })
  expect(sizes(planScaling(deployment(5, 1, 0), set('s2', 5), [set('s1', 0)]))).toEqual({})
})

test('Scaling in the middle of a rollout is shared out in proportion, leftovers to the largest', () => {
  const old = set('s1', 8, { max: 13 })
  const fresh = set('s2', 5, { max: 13 })
  expect(sizes(planScaling(deployment(15, 3, 2), fresh, [old]))).toEqual({ s1: 11, s2: 7 })
  expect(sizes(planScaling(deployment(5, 3, 2), fresh, [old]))).toEqual({ s1: 5, s2: 3 })
  expect(sizes(planScaling(deployment(0, 3, 2), fresh, [old]))).toEqual({ s1: 0, s2: 0 })
})

test('Templates are compared without their hash', () => {
  const template = (labels: Record<string, string>) => ({ metadata: { labels }, spec: { containers: [] } })
  expect(sameTemplate(template({ app: 'a' }), template({ app: 'a', 'pod-template-hash': 'x' }))).toBe(true)
  expect(sameTemplate(template({ app: 'a' }), template({ app: 'b' }))).toBe(false)
})
