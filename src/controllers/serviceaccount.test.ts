import { expect, test } from 'vitest'
import { startControllers } from './liveserver.fake.ts'
import { namespaces, serviceAccounts } from './resources.ts'
import { serviceAccountController } from './serviceaccount.ts'

test('Every namespace has a default account, which comes back when it is deleted', async () => {
  const world = await startControllers([serviceAccountController])
  await world.client.create(namespaces, { metadata: { name: 'a' } })
  await world.settle()
  const target = { namespace: 'a', name: 'default' }
  const before = await world.client.get(serviceAccounts, target)
  await world.client.delete(serviceAccounts, target)
  await world.settle()
  const after = await world.client.get(serviceAccounts, target)
  expect(after.metadata.uid).not.toBe(before.metadata.uid)
  expect(world.problems).toEqual([])
})
