import { expect, test } from 'vitest'
import type { ReplicationController } from '../api/generated/types.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { replicationControllerController } from './replicationcontroller.ts'
import { pods, replicationControllers } from './resources.ts'

const target = { namespace, name: 'web' }
const controller = (replicas: number): ReplicationController => ({
  metadata: { ...target },
  spec: {
    replicas,
    selector: { app: 'web' },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
})

test('As many Pods as asked for are made, and removed again', async () => {
  const world = await startControllers([replicationControllerController])
  const created = await world.client.create(replicationControllers, controller(3))
  await world.settle()
  const made = await world.list(pods)
  expect(made.length).toBe(3)
  expect(made[0]).toMatchObject({
    metadata: {
      generateName: 'web-',
      labels: { app: 'web' },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ReplicationController', name: 'web', uid: created.metadata.uid },
      ],
    },
  })
  expect((await world.client.get(replicationControllers, target)).status).toEqual({
    replicas: 3,
    fullyLabeledReplicas: 3,
    observedGeneration: 1,
  })
  await world.client.patch(replicationControllers, target, { spec: { replicas: 1 } })
  await world.settle()
  expect((await world.list(pods)).length).toBe(1)
  expect(world.problems).toEqual([])
})

test('A Pod without an owner that fits the selector is taken over', async () => {
  const world = await startControllers([replicationControllerController])
  await world.client.create(pods, {
    metadata: { namespace, name: 'stray', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  await world.client.create(replicationControllers, controller(1))
  await world.settle()
  const [only, ...others] = await world.list(pods)
  expect(others).toEqual([])
  expect(only?.metadata.ownerReferences?.[0]?.kind).toBe('ReplicationController')
})
