// Several processes of one cluster, here in one process: they share a store and nothing else.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { deployments } from '../api/resources/apps/deployment.ts'
import { leases } from '../api/resources/coordination.k8s.io/lease.ts'
import { pods } from '../api/resources/core/pod.ts'
import { waitForObject } from '../client/waitfor.ts'
import { JumpingClock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import { openMemoryStore } from '../storage/memory.ts'
import { type Store, StoreError, type WriteOperation } from '../storage/store.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { keptIdentity } from './leadership.ts'
import { SharedStore } from './sharedstore.fake.ts'
import { StateDirectory } from './statedirectory.ts'

const running: Cluster[] = []
afterEach(async () => {
  for (const cluster of running.splice(0)) await cluster.stop()
})

const stateRoot = mkdtempSync(join(tmpdir(), 'futago-leadership-'))
const clock = new JumpingClock()

/** What is logged, in order. */
const logged: string[] = []
const write = (message: string) => void logged.push(message)
const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log }

async function start(store: Store, name: string): Promise<Cluster> {
  const cluster = await startCluster(
    { name, securePort: 0, nodes: 0, certDir: join(stateRoot, 'keys') },
    {
      stateRoot,
      clock,
      log,
      store: store instanceof SharedStore ? store : new SharedStore(store),
      sharesStore: true,
    },
  )
  running.push(cluster)
  return cluster
}

const labels = { app: 'web' }
const web = {
  metadata: { namespace: 'default', name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web' }] } },
  },
}

async function holder({ client }: Cluster, name: string) {
  const isHeld = (lease: { spec?: { holderIdentity?: string } } | undefined) => !!lease?.spec?.holderIdentity
  const target = { namespace: 'kube-system', name }
  const lease = await waitForObject({
    client,
    clock,
    resource: leases,
    ...target,
    timeoutMs: 60_000,
    until: isHeld,
  })
  return lease?.spec?.holderIdentity
}

const identityOf = (name: string) => keptIdentity(new StateDirectory(stateRoot, name))

function scaled({ client }: Cluster, replicas: number) {
  return waitForObject({
    client,
    clock,
    resource: deployments,
    namespace: 'default',
    name: 'web',
    timeoutMs: 60_000,
    until: found => found?.status?.replicas === replicas,
  })
}

test('One of several runs the controllers and the scheduler; when it stops, the next one does', async () => {
  const store = openMemoryStore({ clock })
  const first = await start(store, 'a')
  expect(await holder(first, 'kube-controller-manager')).toBe(identityOf('a'))
  expect(await holder(first, 'kube-scheduler')).toBe(identityOf('a'))
  const second = await start(store, 'b')
  await second.client.create(deployments, structuredClone(web))
  await scaled(second, 1)
  expect(await holder(second, 'kube-controller-manager')).toBe(identityOf('a'))
  await running.shift()!.stop()
  await clock.advance(2_500)
  expect(await holder(second, 'kube-controller-manager')).toBe(identityOf('b'))
  await second.client.update(deployments, { ...web, spec: { ...web.spec, replicas: 3 } })
  await scaled(second, 3)
  expect((await second.client.list(pods, { namespace: 'default' })).items).toHaveLength(3)
})

/** Takes no writes for a while, as an etcd without a majority. */
class StubbornStore extends SharedStore {
  isStubborn = false

  override write(operations: readonly WriteOperation[]): Promise<number> {
    if (this.isStubborn) return Promise.reject(new StoreError('Unavailable', 'Cannot write now'))
    return super.write(operations)
  }
}

test('A leader that cannot renew its lease stops its work, and takes it up again when it can', async () => {
  const store = new StubbornStore(openMemoryStore({ clock }))
  const cluster = await start(store, 'c')
  logged.length = 0
  await cluster.client.create(deployments, structuredClone(web))
  await scaled(cluster, 1)
  store.isStubborn = true
  await clock.advance(13_000)
  expect(logged.filter(message => message === 'no longer leading')).toHaveLength(2)
  store.isStubborn = false
  await cluster.client.update(deployments, { ...web, spec: { ...web.spec, replicas: 2 } })
  await clock.advance(20_000)
  await scaled(cluster, 2)
  expect(await holder(cluster, 'kube-controller-manager')).toBe(identityOf('c'))
})

test('Who starts again from the same directory is who it was', () => {
  expect(identityOf('a')).toBe(identityOf('a'))
  expect(identityOf('a')).not.toBe(identityOf('b'))
})
