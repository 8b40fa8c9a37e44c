import { expect, test } from 'vitest'
import { configMaps } from '../api/resources/core/configmap.ts'
import { resources } from '../api/resources/index.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { resourceQuotaController } from './resourcequota.ts'
import { pods, resourceQuotas } from './resources.ts'

const target = { namespace, name: 'q' }

test('A quota shows what its namespace uses, also after things have gone', async () => {
  const world = await startControllers([resourceQuotaController({ resources: () => resources })])
  const { client } = world
  await client.create(configMaps, { metadata: { namespace, name: 'before' } })
  const hard = { configmaps: '2', pods: '1', 'requests.cpu': '1' }
  await client.create(resourceQuotas, { metadata: target, spec: { hard } })
  const used = async () => {
    await world.settle()
    return (await client.get(resourceQuotas, target)).status?.used
  }
  expect(await used()).toEqual({ configmaps: '1', pods: '0', 'requests.cpu': '0' })
  const containers = [{ name: 'c', image: 'b', resources: { requests: { cpu: '500m' } } }]
  await client.create(pods, { metadata: { namespace, name: 'a' }, spec: { containers } })
  expect(await used()).toEqual({ configmaps: '1', pods: '1', 'requests.cpu': '500m' })
  await client.delete(pods, { namespace, name: 'a' }, { gracePeriodSeconds: 0 })
  expect(await used()).toEqual({ configmaps: '1', pods: '0', 'requests.cpu': '0' })
  await client.delete(configMaps, { namespace, name: 'before' })
  await world.clock.advance(10_000)
  expect(await used()).toEqual({ configmaps: '0', pods: '0', 'requests.cpu': '0' })
  expect(world.problems).toEqual([])
})
