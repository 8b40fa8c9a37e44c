import { expect, test } from 'vitest'
import { resources } from '../api/resources/index.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { namespaceController, planConditions } from './namespace.ts'
import { configMaps, namespaces, pods, serviceAccounts } from './resources.ts'

const start = () => startControllers([namespaceController({ resources: () => resources })])
const target = { name: namespace }

test('A namespace that is deleted takes everything in it along', async () => {
  const world = await start()
  await world.client.create(configMaps, { metadata: { namespace, name: 'a' } })
  await world.client.create(configMaps, { metadata: { namespace: 'default', name: 'elsewhere' } })
  await world.client.delete(namespaces, target)
  await world.settle()
  await expect(world.client.get(namespaces, target)).rejects.toThrow('not found')
  expect((await world.client.list(serviceAccounts, { namespace })).items).toEqual([])
  expect((await world.client.list(configMaps, { namespace: 'default' })).items.length).toBe(1)
  expect(world.problems).toEqual([])
})

test('Pods go first; what holds the namespace up is said in its conditions', async () => {
  const world = await start()
  const pod = await world.client.create(pods, {
    metadata: { namespace, name: 'p', finalizers: ['example.com/stay'] },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  await world.client.create(configMaps, { metadata: { namespace, name: 'a' } })
  await world.client.delete(namespaces, target)
  await world.settle()
  const { status } = await world.client.get(namespaces, target)
  expect(status?.phase).toBe('Terminating')
  expect(status?.conditions?.map(({ type, status, message }) => `${type} ${status} ${message}`)).toEqual([
    'NamespaceDeletionDiscoveryFailure False All resources successfully discovered',
    'NamespaceDeletionGroupVersionParsingFailure False All legacy kube types successfully parsed',
    'NamespaceDeletionContentFailure False All content successfully deleted, may be waiting on finalization',
    'NamespaceContentRemaining True Some resources are remaining: pods. has 1 resource instances',
    'NamespaceFinalizersRemaining True ' +
      'Some content in the namespace has finalizers remaining: example.com/stay in 1 resource instances',
  ])
  expect((await world.client.list(configMaps, { namespace })).items.length).toBe(1)
  const held = await world.client.get(pods, { namespace, name: 'p' })
  expect(held.metadata.uid).toBe(pod.metadata.uid)
  await world.client.update(pods, { ...held, metadata: { ...held.metadata, finalizers: [] } })
  await world.clock.advance(10_000)
  await world.settle()
  await expect(world.client.get(namespaces, target)).rejects.toThrow('not found')
})

test('Failures are told, and the same state is told once', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const deletion = { remaining: [], failures: ['no'] }
  const conditions = planConditions([], deletion, nowMs)
  expect(conditions[2]).toMatchObject({
    type: 'NamespaceDeletionContentFailure',
    status: 'True',
    reason: 'ContentDeletionFailed',
    message: 'Failed to delete all resource types, 1 remaining: no',
  })
  expect(planConditions(conditions, deletion, nowMs + 5000)).toBe(conditions)
})
