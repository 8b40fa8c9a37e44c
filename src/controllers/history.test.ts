import { expect, test } from 'vitest'
import type { DaemonSet } from '../api/generated/types.ts'
import { Informers } from '../client/informers.ts'
import { Cache, CachingClient } from './cache.ts'
import { hashOf, syncHistory, trimHistory } from './history.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { controllerRevisions, daemonSets } from './resources.ts'

async function setUp() {
  const world = await startControllers([])
  const informers = new Informers({ client: world.client, clock: world.clock })
  const cache = new Cache(informers)
  cache.informer(controllerRevisions)
  await informers.start()
  const client = new CachingClient(world.client, informers)
  const template = (image: string) => ({
    metadata: { labels: { app: 'a' } },
    spec: { containers: [{ name: 'c', image }] },
  })
  const owner = await client.create(daemonSets, {
    metadata: { namespace, name: 'a' },
    spec: { selector: { matchLabels: { app: 'a' } }, template: template('1') },
  })
  const sync = (image: string) => {
    const changed: DaemonSet = { ...owner, spec: { ...owner.spec!, template: template(image) } }
    return syncHistory({ owner: changed, ownerResource: daemonSets, client, cache })
  }
  return { client, sync }
}

test('A new template is a new revision, an earlier one becomes the newest again', async () => {
  const { sync } = await setUp()
  const first = await sync('1')
  expect(first.current.revision).toBe(1)
  expect((await sync('1')).current.metadata.name).toBe(first.current.metadata.name)
  expect((await sync('2')).current.revision).toBe(2)
  const back = await sync('1')
  expect([back.current.revision, hashOf(back.current)]).toEqual([3, hashOf(first.current)])
  expect(back.all.map(({ revision }) => revision)).toEqual([2, 3])
})

test('Old revisions are removed beyond the limit, unless a Pod has them', async () => {
  const { client, sync } = await setUp()
  const first = await sync('1')
  await sync('2')
  await sync('3')
  const last = await sync('4')
  await trimHistory(last, {
    limit: 0,
    isInUse: revision => hashOf(revision) === hashOf(first.current),
    client,
  })
  const { items } = await client.list(controllerRevisions)
  expect(items.map(({ revision }) => revision).sort()).toEqual([1, 4])
})
