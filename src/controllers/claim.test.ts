import { expect, test } from 'vitest'
import { controllerReference } from '../api/meta/owners.ts'
import { Client } from '../client/client.ts'
import { Informers } from '../client/informers.ts'
import { FakeClock } from '../component/clock.ts'
import { Cache, CachingClient } from './cache.ts'
import { claim } from './claim.ts'
import { pods, replicaSets } from './resources.ts'
import { TestServer } from './testserver.fake.ts'

async function setUp() {
  const server = new TestServer()
  const informers = new Informers({ client: new Client(server), clock: new FakeClock() })
  const cache = new Cache(informers)
  const client = new CachingClient(new Client(server), informers)
  cache.informer(pods)
  await informers.start()
  await new Promise(resolve => setImmediate(resolve))
  const owner = await client.create(replicaSets, { metadata: { namespace: 'ns', name: 'web' } })
  const pod = (name: string, app: string, isOwned: boolean) =>
    client.create(pods, {
      metadata: {
        namespace: 'ns',
        name,
        labels: { app },
        ...(isOwned ? { ownerReferences: [controllerReference(replicaSets, owner)] } : {}),
      },
    })
  const selector = { matchLabels: { app: 'web' } }
  const options = { owner, ownerResource: replicaSets, resource: pods, selector, client, cache }
  return { server, client, owner, pod, options }
}
const names = (objects: { metadata: { name?: string } }[]) => objects.map(({ metadata }) => metadata.name)

test('What is owned and fits is claimed without a write', async () => {
  const { server, pod, options } = await setUp()
  await pod('a', 'web', true)
  await pod('other', 'other', false)
  const writes = server.requests.length
  expect(names(await claim(options))).toEqual(['a'])
  expect(server.requests.length).toBe(writes)
})

test('An orphan that fits is adopted, what no longer fits is let go', async () => {
  const { client, pod, options } = await setUp()
  await pod('orphan', 'web', false)
  await pod('lost', 'other', true)
  expect(names(await claim(options))).toEqual(['orphan'])
  expect((await client.get(pods, { namespace: 'ns', name: 'lost' })).metadata.ownerReferences).toBeUndefined()
})

test('An owner that is being deleted adopts nothing, whatever the cache says', async () => {
  const { client, owner, pod, options } = await setUp()
  await pod('orphan', 'web', false)
  await client.patch(replicaSets, { namespace: 'ns', name: 'web' }, { metadata: { finalizers: ['x/y'] } })
  await client.delete(replicaSets, { namespace: 'ns', name: 'web' })
  expect(await claim(options)).toEqual([])
  const deleted = { ...owner, metadata: { ...owner.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
  expect(await claim({ ...options, owner: deleted })).toEqual([])
})
