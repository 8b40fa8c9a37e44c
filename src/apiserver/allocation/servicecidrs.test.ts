import { expect, test } from 'vitest'
import { encodeObject } from '../bootstrap.ts'
import { serviceCIDRPrefix } from './keys.ts'
import { type FakeServices, openFakeServices, refusal } from './services.fake.ts'

const ports = [{ port: 80 }]

const range = (name: string, cidrs: string[], status = 'True') => ({
  kind: 'ServiceCIDR',
  apiVersion: 'networking.k8s.io/v1',
  metadata: { name },
  spec: { cidrs },
  status: { conditions: [{ type: 'Ready', status }] },
})
const add = async (services: FakeServices, object: ReturnType<typeof range>) => {
  const key = serviceCIDRPrefix + object.metadata.name
  await services.store.write([{ type: 'create', key, value: encodeObject(object) }])
  return key
}

test('Another range is used when the first one is full, and once it is ready', async () => {
  const services = await openFakeServices({ ranges: ['10.0.0.0/30'] })
  await services.create('a', { ports })
  const more = range('more', ['10.1.0.0/29', 'fd00::/64'], 'False')
  const key = await add(services, more)
  expect(await refusal(services.create('b', { ports }))).toContain('range is full')
  const { revision } = (await services.store.get(key))!
  const ready = encodeObject(range('more', ['10.1.0.0/29', 'fd00::/64']))
  await services.store.write([{ type: 'update', key, value: ready, expectedRevision: revision }])
  expect((await services.create('b', { ports })).spec?.clusterIP).toBe('10.1.0.1')
  const six = { ports, ipFamilies: ['IPv6'] }
  expect(await refusal(services.create('c', six))).toContain('not configured on this cluster')
})

test('Ranges may overlap without giving out an address twice', async () => {
  const services = await openFakeServices({ ranges: ['10.0.0.0/29'] })
  await add(services, range('wider', ['10.0.0.0/28']))
  const given = new Set<string>()
  for (let index = 0; index < 13; index++) {
    given.add((await services.create(`s${index}`, { ports })).spec!.clusterIP!)
  }
  expect(given.size).toBe(13)
  expect(await refusal(services.create('last', { ports }))).toContain('range is full')
})

test('A range that is gone gives out nothing', async () => {
  const services = await openFakeServices({ ranges: ['10.0.0.0/29'] })
  const key = await add(services, range('other', ['10.1.0.0/29']))
  const { revision } = (await services.store.get(key))!
  await services.create('a', { ports, clusterIP: '10.1.0.2' })
  await services.store.write([{ type: 'delete', key, expectedRevision: revision }])
  expect(await refusal(services.create('b', { ports, clusterIP: '10.1.0.3' }))).toContain('does not match')
})

test('An IPv6 range may be as large as /64', async () => {
  const services = await openFakeServices({ ranges: ['fd00:1:2:3::/64'] })
  const last = 'fd00:1:2:3:ffff:ffff:ffff:ffff'
  expect((await services.create('a', { ports })).spec?.clusterIP).toBe('fd00:1:2:3::101')
  expect((await services.create('b', { ports, clusterIP: last })).spec?.clusterIPs).toEqual([last])
})
