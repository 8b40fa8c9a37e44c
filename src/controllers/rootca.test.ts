import { expect, test } from 'vitest'
import { startControllers } from './liveserver.fake.ts'
import { configMaps, namespaces } from './resources.ts'
import { rootCAController } from './rootca.ts'

test('The certificate is in every namespace and stays as it is', async () => {
  const world = await startControllers([rootCAController({ certificate: 'PEM' })])
  await world.client.create(namespaces, { metadata: { name: 'a' } })
  await world.settle()
  const target = { namespace: 'a', name: 'kube-root-ca.crt' }
  const data = async () => (await world.client.get(configMaps, target)).data
  expect(await data()).toEqual({ 'ca.crt': 'PEM' })
  await world.client.patch(configMaps, target, { data: { 'ca.crt': 'forged', more: 'x' } })
  await world.settle()
  expect(await data()).toEqual({ 'ca.crt': 'PEM' })
  await world.client.delete(configMaps, target)
  await world.settle()
  expect(await data()).toEqual({ 'ca.crt': 'PEM' })
  expect(world.problems).toEqual([])
})
