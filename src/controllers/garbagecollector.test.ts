import { expect, test } from 'vitest'
import { controllerReference } from '../api/meta/owners.ts'
import { resources } from '../api/resources/index.ts'
import { garbageCollector } from './garbagecollector.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { configMaps, nodes, serviceAccounts } from './resources.ts'

const start = () => startControllers([garbageCollector({ resources: () => resources })])
type World = Awaited<ReturnType<typeof start>>

/** A ConfigMap that belongs to others. */
async function create(world: World, name: string, ...owners: string[]) {
  const references = owners.map(async owner => {
    const object = await world.client.get(configMaps, { namespace, name: owner })
    return controllerReference(configMaps, object)
  })
  const ownerReferences = (await Promise.all(references)).map((reference, i) => ({
    ...reference,
    controller: i === 0,
  }))
  const metadata = { namespace, name, ...(owners.length > 0 ? { ownerReferences } : {}) }
  return world.client.create(configMaps, { metadata })
}
const names = async (world: World) => (await world.list(configMaps)).map(({ metadata }) => metadata.name)
const remove = (world: World, name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan') =>
  world.client.delete(configMaps, { namespace, name }, { propagationPolicy })

test('Deleting in the background takes the dependents and theirs along', async () => {
  const world = await start()
  await create(world, 'a')
  await create(world, 'b', 'a')
  await create(world, 'c', 'b')
  await create(world, 'other')
  await world.settle()
  await remove(world, 'a', 'Background')
  await world.settle()
  expect(await names(world)).toEqual(['other'])
  expect(world.problems).toEqual([])
})

test('An object with several owners goes with the last of them', async () => {
  const world = await start()
  await create(world, 'a')
  await create(world, 'b')
  await create(world, 'both', 'a', 'b')
  await world.settle()
  await remove(world, 'a', 'Background')
  await world.settle()
  const both = await world.client.get(configMaps, { namespace, name: 'both' })
  expect(both.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['b'])
  await remove(world, 'b', 'Background')
  await world.settle()
  expect(await names(world)).toEqual([])
})

test('Deleting in the foreground waits until the dependents are gone', async () => {
  const world = await start()
  await create(world, 'a')
  const child = await create(world, 'b', 'a')
  await world.client.update(configMaps, { ...child, metadata: { ...child.metadata, finalizers: ['x/stay'] } })
  await world.settle()
  await remove(world, 'a', 'Foreground')
  await world.settle()
  const waiting = await world.client.get(configMaps, { namespace, name: 'a' })
  expect(waiting.metadata.finalizers).toEqual(['foregroundDeletion'])
  const held = await world.client.get(configMaps, { namespace, name: 'b' })
  expect(held.metadata.deletionTimestamp).toBeDefined()
  await world.client.update(configMaps, { ...held, metadata: { ...held.metadata, finalizers: [] } })
  await world.settle()
  expect(await names(world)).toEqual([])
})

test('A circle of owners that wait for each other in the foreground comes to an end', async () => {
  const world = await start()
  const first = await create(world, 'a')
  await create(world, 'b', 'a')
  const last = await create(world, 'c', 'b')
  const ownerReferences = [controllerReference(configMaps, last)]
  await world.client.update(configMaps, { ...first, metadata: { ...first.metadata, ownerReferences } })
  await world.settle()
  await remove(world, 'a', 'Foreground')
  await world.settle()
  expect(await names(world)).toEqual([])
})

test('Orphans stay, without their owner', async () => {
  const world = await start()
  await create(world, 'a')
  await create(world, 'b', 'a')
  await world.settle()
  await remove(world, 'a', 'Orphan')
  await world.settle()
  expect(await names(world)).toEqual(['b'])
  expect(
    (await world.client.get(configMaps, { namespace, name: 'b' })).metadata.ownerReferences ?? [],
  ).toEqual([])
})

test('What names an owner that never existed, or another of that name, is deleted', async () => {
  const world = await start()
  const real = await create(world, 'a')
  const reference = (name: string, uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid })
  const owned = (name: string, owner: ReturnType<typeof reference>) =>
    world.client.create(configMaps, { metadata: { namespace, name, ownerReferences: [owner] } })
  await owned('right', reference('a', real.metadata.uid ?? ''))
  await owned('wrong-uid', reference('a', '00000000-0000-0000-0000-000000000000'))
  await owned('wrong-name', reference('nobody', '11111111-0000-0000-0000-000000000000'))
  await owned('unknown-kind', { ...reference('x', '22222222-0000-0000-0000-000000000000'), kind: 'Unheard' })
  await world.settle()
  expect(await names(world)).toEqual(['a', 'right', 'unknown-kind'])
})

test('A cluster-scoped object that names a namespaced owner is deleted, with a word about it', async () => {
  const world = await start()
  const account = await world.client.get(serviceAccounts, { namespace, name: 'default' })
  const owner = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', uid: account.metadata.uid ?? '' }
  await world.client.create(nodes, { metadata: { name: 'n1', ownerReferences: [owner] } })
  await world.settle()
  expect((await world.client.list(nodes)).items).toEqual([])
  expect((await world.events())[0]).toContain(
    'OwnerRefInvalidNamespace: ownerRef [v1/ServiceAccount, namespace: ',
  )
})
