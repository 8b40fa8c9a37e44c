import { expect, test } from 'vitest'
import type { Pod, ReplicaSet } from '../api/generated/types.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { planReplicas, planStatus, replicaSetController } from './replicaset.ts'
import { pods, replicaSets } from './resources.ts'

const target = { namespace, name: 'web' }
const set = (replicas: number): ReplicaSet => ({
  metadata: { ...target },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
})
const start = () => startControllers([replicaSetController()])
const names = (objects: Pod[]) => objects.map(pod => pod.metadata.name)

test('As many Pods as asked for are made from the template, and controlled by the ReplicaSet', async () => {
  const world = await start()
  const created = await world.client.create(replicaSets, set(3))
  await world.settle()
  const made = await world.list(pods)
  expect(made.length).toBe(3)
  expect(made[0]).toMatchObject({
    metadata: {
      generateName: 'web-',
      labels: { app: 'web' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web',
          uid: created.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  expect((await world.client.get(replicaSets, target)).status).toEqual({
    replicas: 3,
    fullyLabeledReplicas: 3,
    terminatingReplicas: 0,
    observedGeneration: 1,
  })
  const texts = names(made).map(name => `SuccessfulCreate: Created pod: ${name}`)
  expect((await world.events()).sort()).toEqual(texts.sort())
  expect(world.problems).toEqual([])
})

test('While the watch lags behind no Pod is made twice', async () => {
  const world = await start()
  await world.client.create(replicaSets, set(4))
  world.server.lagging = true
  await world.settle()
  await world.client.patch(replicaSets, target, { metadata: { labels: { a: 'b' } } })
  await world.settle()
  world.server.catchUp()
  await world.settle()
  expect((await world.list(pods)).length).toBe(4)
})

test('Ready and available Pods are counted, the latter after minReadySeconds', async () => {
  const world = await start()
  const object = set(2)
  await world.client.create(replicaSets, { ...object, spec: { ...object.spec!, minReadySeconds: 10 } })
  await world.settle()
  for (const pod of await world.list(pods)) {
    const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T12:00:00Z' }
    await world.client.updateStatus(pods, { ...pod, status: { phase: 'Running', conditions: [ready] } })
  }
  await world.settle()
  const counts = async () => {
    const { status } = await world.client.get(replicaSets, target)
    return [status?.readyReplicas, status?.availableReplicas]
  }
  expect(await counts()).toEqual([2, undefined])
  await world.clock.advance(10_000)
  await world.settle()
  expect(await counts()).toEqual([2, 2])
})

test('Scaling down removes Pods that are not ready first', async () => {
  const world = await start()
  await world.client.create(replicaSets, set(3))
  await world.settle()
  await world.setPods(true)
  const [first, second] = await world.list(pods)
  await world.client.updateStatus(pods, { ...second!, status: { phase: 'Running', conditions: [] } })
  await world.client.patch(replicaSets, target, { spec: { replicas: 2 } })
  await world.settle()
  expect(names(await world.list(pods))).not.toContain(second?.metadata.name)
  expect(names(await world.list(pods))).toContain(first?.metadata.name)
  expect((await world.events()).at(-1)).toBe(`SuccessfulDelete: Deleted pod: ${second?.metadata.name}`)
})

test('An orphan that fits is adopted, a Pod that no longer fits is let go and replaced', async () => {
  const world = await start()
  await world.client.create(pods, {
    metadata: { name: 'orphan', namespace, labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  await world.settle()
  await world.client.create(replicaSets, set(2))
  await world.settle()
  expect((await world.list(pods)).length).toBe(2)
  const orphan = { namespace, name: 'orphan' }
  expect((await world.client.get(pods, orphan)).metadata.ownerReferences?.[0]?.name).toBe('web')
  await world.client.patch(pods, orphan, { metadata: { labels: { app: 'other' } } })
  await world.settle()
  expect((await world.client.get(pods, orphan)).metadata.ownerReferences).toBeUndefined()
  expect((await world.list(pods)).length).toBe(3)
  await world.client.patch(pods, orphan, { metadata: { labels: { app: 'web' } } })
  await world.settle()
  expect((await world.list(pods)).length).toBe(2)
})

test('A Pod that failed or is going away is replaced', async () => {
  const world = await start()
  await world.client.create(replicaSets, set(1))
  await world.settle()
  const [pod] = await world.list(pods)
  await world.client.updateStatus(pods, { ...pod!, status: { phase: 'Failed' } })
  await world.settle()
  expect((await world.list(pods)).length).toBe(2)
  expect((await world.client.get(replicaSets, target)).status?.replicas).toBe(1)
})

test('planStatus() reports a failure once and forgets it when all is well', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const state = { active: [], terminating: 0, nowMs }
  const failed = planStatus(set(1), { ...state, failure: new Error('exceeded quota') })
  expect(failed.conditions).toEqual([
    {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'exceeded quota',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ])
  expect(planStatus({ ...set(1), status: failed }, state).conditions).toBeUndefined()
})

test('planReplicas() makes and removes at most 500 Pods at a time', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const many = Array.from({ length: 700 }, (_, i): Pod => ({ metadata: { name: `p${i}` } }))
  expect(planReplicas(set(800), [], { related: [], nowMs })).toEqual({ create: 500, remove: [] })
  expect(planReplicas(set(0), many, { related: [], nowMs }).remove.length).toBe(500)
})
