import { expect, test } from 'vitest'
import type { StatefulSet, StatefulSetSpec } from '../api/generated/types.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { persistentVolumeClaims, pods, statefulSets } from './resources.ts'
import { ordinalOf } from './statefulplan.ts'
import { statefulSetController } from './statefulset.ts'

const target = { namespace, name: 'db' }
const template = (image: string): StatefulSetSpec['template'] => ({
  metadata: { labels: { app: 'db' } },
  spec: { containers: [{ name: 'c', image }] },
})
const set = (spec: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  metadata: target,
  spec: {
    replicas: 3,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: template('i:1'),
    ...spec,
  },
})
async function start() {
  const world = await startControllers([statefulSetController])
  const names = async () => (await world.list(pods)).map(({ metadata }) => metadata.name)
  /** One step of a kubelet: what terminates is gone, what runs is ready. */
  const step = async () => {
    for (const { metadata } of await world.list(pods)) {
      const pod = { namespace, name: metadata.name ?? '' }
      if (metadata.deletionTimestamp) await world.client.delete(pods, pod, { gracePeriodSeconds: 0 })
    }
    await world.setPods(true)
    await world.settle()
  }
  const finish = async () => {
    for (let i = 0; i < 12; i++) await step()
  }
  return { ...world, names, step, finish }
}

test('Pods are made one after the other, each when the one before is ready', async () => {
  const world = await start()
  await world.client.create(statefulSets, set())
  await world.settle()
  expect(await world.names()).toEqual(['db-0'])
  await world.step()
  expect(await world.names()).toEqual(['db-0', 'db-1'])
  await world.finish()
  const [first] = await world.list(pods)
  expect(first?.metadata.labels).toMatchObject({
    app: 'db',
    'statefulset.kubernetes.io/pod-name': 'db-0',
    'apps.kubernetes.io/pod-index': '0',
  })
  expect(first?.spec).toMatchObject({ hostname: 'db-0', subdomain: 'db' })
  const { status } = await world.client.get(statefulSets, target)
  expect(status?.updateRevision).toMatch(/^db-/)
  expect(first?.metadata.labels?.['controller-revision-hash']).toBe(status?.updateRevision)
  expect(status).toMatchObject({
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
  })
  expect(status?.currentRevision).toBe(status?.updateRevision)
  expect((await world.events())[0]).toBe('SuccessfulCreate: create Pod db-0 in StatefulSet db successful')
  expect(world.problems).toEqual([])
})

test('Scaling down removes the highest ordinal first; in parallel all come at once', async () => {
  const world = await start()
  await world.client.create(statefulSets, set({ podManagementPolicy: 'Parallel' }))
  await world.settle()
  expect(await world.names()).toEqual(['db-0', 'db-1', 'db-2'])
  await world.finish()
  await world.client.patch(statefulSets, target, { spec: { replicas: 1 } })
  await world.finish()
  expect(await world.names()).toEqual(['db-0'])
})

test('Scaling down waits for Pods that do not do well', async () => {
  const world = await start()
  await world.client.create(statefulSets, set())
  await world.finish()
  await world.setPods(false)
  await world.client.patch(statefulSets, target, { spec: { replicas: 0 } })
  await world.settle()
  await world.settle()
  expect(await world.names()).toEqual(['db-0', 'db-1', 'db-2'])
  await world.finish()
  expect(await world.names()).toEqual([])
})

test('An update goes from the highest ordinal down to the partition', async () => {
  const world = await start()
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }
  await world.client.create(statefulSets, set({ updateStrategy }))
  await world.finish()
  await world.client.patch(statefulSets, target, { spec: { template: template('i:2') } })
  const images = async () => (await world.list(pods)).map(({ spec }) => spec?.containers[0]?.image)
  await world.finish()
  expect(await images()).toEqual(['i:1', 'i:2', 'i:2'])
  const before = await world.client.get(statefulSets, target)
  expect(before.status?.currentRevision).not.toBe(before.status?.updateRevision)
  await world.client.delete(pods, { namespace, name: 'db-0' }, { gracePeriodSeconds: 0 })
  await world.finish()
  expect(await images()).toEqual(['i:1', 'i:2', 'i:2'])
  await world.client.patch(statefulSets, target, {
    spec: { updateStrategy: { rollingUpdate: { partition: 0 } } },
  })
  await world.finish()
  expect(await images()).toEqual(['i:2', 'i:2', 'i:2'])
  const { status } = await world.client.get(statefulSets, target)
  expect(status?.currentRevision).toBe(status?.updateRevision)
})

test('Each Pod has its own claims, which stay when the Pod goes', async () => {
  const world = await start()
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }
  await world.client.create(statefulSets, set({ replicas: 1, volumeClaimTemplates: [claim] }))
  await world.finish()
  const [pod] = await world.list(pods)
  expect(pod?.spec?.volumes?.[0]).toEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } })
  await world.client.patch(statefulSets, target, { spec: { replicas: 0 } })
  await world.finish()
  expect((await world.list(persistentVolumeClaims)).map(({ metadata }) => metadata.name)).toEqual([
    'data-db-0',
  ])
})

test('Only names with an ordinal are the set’s', () => {
  const named = (name: string) => ordinalOf(set(), { metadata: { name } })
  expect(['db-0', 'db-12', 'db-x', 'other-1'].map(named)).toEqual([0, 12, undefined, undefined])
})
