import { expect, test } from 'vitest'
import type { ResourceQuota } from '../../api/generated/types.ts'
import { resourceQuotas } from '../../api/resources/core/resourcequota.ts'
import { services } from '../../api/resources/core/service.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { LaggingStore } from '../../storage/store.fake.ts'
import { configMaps, context, named, openTestRegistries, pods } from '../registry/registries.fake.ts'
import { resourceQuotaPlugin } from './resourcequota.ts'

const inTeam = { namespace: 'team' }
const target = { namespace: 'team', name: 'q' }

async function start(hard: Record<string, string>, used: Record<string, string> | undefined) {
  const resources = [pods, configMaps, resourceQuotas, services]
  const { registry } = await openTestRegistries({ resources, admission: [resourceQuotaPlugin] })
  await registry(resourceQuotas).create(context, named('q', { spec: { hard } }), inTeam)
  if (used) {
    await registry(resourceQuotas).update(context, target, {
      subresource: 'status',
      transform: current => ({ ...current!, status: { hard, used } }),
    })
  }
  const quota = async () => (await registry(resourceQuotas).get(context, 'team', 'q')).object as ResourceQuota
  return {
    configMap: (name: string, dryRun = false) =>
      registry(configMaps).create(context, named(name), { ...inTeam, dryRun }),
    pod: (name: string, requests: Record<string, string> | undefined) =>
      registry(pods).create(
        context,
        { metadata: { name }, spec: { containers: [{ name: 'c', resources: { requests } }] } } as never,
        inTeam,
      ),
    used: async () => (await quota()).status?.used,
  }
}

test('What would be too much is refused and says how much it is', async () => {
  const { pod, used } = await start({ pods: '2', 'requests.cpu': '1' }, { pods: '1', 'requests.cpu': '500m' })
  await expect(pod('a', { cpu: '600m' })).rejects.toMatchObject({
    code: 403,
    message:
      'pods "a" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=500m, limited: requests.cpu=1',
  })
  await pod('a', { cpu: '250m' })
  expect(await used()).toEqual({ pods: '2', 'requests.cpu': '750m' })
  await expect(pod('b', { cpu: '1m' })).rejects.toThrow(
    'exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
  )
})

test('Requests at the same time do not exceed it together', async () => {
  const { configMap, used } = await start({ configmaps: '3' }, { configmaps: '0' })
  const all = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => configMap(`c${index}`)))
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  expect(await used()).toEqual({ configmaps: '3' })
})

test('A dry run is judged and not counted', async () => {
  const { configMap, used } = await start({ configmaps: '1' }, { configmaps: '0' })
  await configMap('a', true)
  expect(await used()).toEqual({ configmaps: '0' })
})

test('A container that does not say what it wants is refused where that is bounded', async () => {
  const { pod } = await start({ 'requests.cpu': '1' }, { 'requests.cpu': '0' })
  await expect(pod('a', undefined)).rejects.toThrow('failed quota: q: must specify requests.cpu for: c')
})

test('A quota that has not been counted yet lets nothing in', async () => {
  const { configMap } = await start({ configmaps: '1' }, undefined)
  await expect(configMap('a')).rejects.toThrow('status unknown for quota: q, resources: configmaps')
})

test('Several servers together let in no more than is allowed', async () => {
  const store = openMemoryStore()
  const resources = [configMaps, resourceQuotas]
  const options = { resources, admission: [resourceQuotaPlugin] }
  const open = () => openTestRegistries({ ...options, store: new LaggingStore(store) })
  const servers = await Promise.all([open(), open(), open()])
  const quotas = servers[0]!.registry(resourceQuotas)
  const hard = { 'count/configmaps': '10' }
  await quotas.create(context, named('q', { spec: { hard } }), inTeam)
  await quotas.update(context, target, {
    subresource: 'status',
    transform: current => ({ ...current!, status: { hard, used: { 'count/configmaps': '0' } } }),
  })
  const outcomes = await Promise.allSettled(
    servers.flatMap(({ registry }, server) =>
      Array.from({ length: 8 }, (_, index) =>
        registry(configMaps).create(context, named(`c${server}-${index}`), inTeam),
      ),
    ),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 403 })
  }
  expect((await servers[2]!.registry(configMaps).list(context, inTeam)).items).toHaveLength(10)
})
