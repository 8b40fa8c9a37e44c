import { expect, test } from 'vitest'
import { controllerReference } from '../api/meta/owners.ts'
import { defineResource } from '../api/resource.ts'
import { Client } from '../client/client.ts'
import { Informers } from '../client/informers.ts'
import { FakeClock } from '../component/clock.ts'
import { Cache, CachingClient } from './cache.ts'
import { TestServer } from './testserver.fake.ts'

const things = defineResource({
  group: '',
  version: 'v1',
  kind: 'Thing',
  resource: 'things',
  namespaced: true,
})

async function setUp() {
  const server = new TestServer()
  const informers = new Informers({ client: new Client(server), clock: new FakeClock() })
  const cache = new Cache(informers)
  const client = new CachingClient(new Client(server), informers)
  cache.informer(things)
  await informers.start()
  await new Promise(resolve => setImmediate(resolve))
  return { server, cache, client }
}
const named = (name: string, namespace = 'ns') => ({ metadata: { name, namespace } })

test('The cache finds by name, namespace and controller', async () => {
  const { cache, client } = await setUp()
  const owner = await client.create(things, named('owner'))
  const ownerReferences = [controllerReference(things, owner)]
  await client.create(things, { metadata: { name: 'owned', namespace: 'ns', ownerReferences } })
  await client.create(things, named('far', 'other'))
  expect(cache.get(things, { namespace: 'ns', name: 'owner' })).toBe(owner)
  expect(cache.inNamespace(things, 'other').map(({ metadata }) => metadata.name)).toEqual(['far'])
  expect(cache.ownedBy(things, owner).map(({ metadata }) => metadata.name)).toEqual(['owned'])
  expect(cache.list(things).length).toBe(3)
})

test('Creations, updates, patches and deletions are in the cache before the watch tells', async () => {
  const { server, cache, client } = await setUp()
  server.lagging = true
  const target = { namespace: 'ns', name: 'a' }
  const created = await client.create(things, { metadata: { ...target, finalizers: ['keep'] } })
  expect(cache.get(things, target)).toBe(created)
  const updated = await client.update(things, created)
  expect(cache.get(things, target)).toBe(updated)
  const patched = await client.patch(things, target, { metadata: { labels: { a: 'b' } } })
  expect(cache.get(things, target)).toBe(patched)
  await client.delete(things, target)
  expect(cache.get(things, target)?.metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z')
  server.catchUp()
  expect(cache.list(things).length).toBe(1)
})
