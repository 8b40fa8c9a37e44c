// What people do with a TestCluster between the obvious things: wait for what does not come, go back while
// something is under way, start many.
import { expect, test, vi } from 'vitest'
import type { Pod } from '../api/generated/types.ts'
import { deployments } from '../api/resources/apps/deployment.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { services } from '../api/resources/core/service.ts'
import { Informer } from '../client/informer.ts'
import { familyOrders } from '../ip/family.ts'
import { TestCluster } from './testcluster.ts'

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})
const web = (replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: web:1}]}
`
const isReady = (pod: Pod) =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

test('A wait that takes too long shows what was last seen', async () => {
  await using cluster = await TestCluster.start({ nodes: 0, objects: [configMap('a', { state: 'new' })] })
  const a = { namespace: 'default', name: 'a' }
  const isDone = ({ data }: { data?: Record<string, string> }) => data?.['state'] === 'done'
  await expect(cluster.waitFor(configMaps, a, { until: isDone, timeoutMs: 1000 })).rejects.toThrow(
    'configmaps a was not as wanted within 1 s; last seen:\nConfigMap default/a:\n  data:\n    state: new\n',
  )
  const b = { namespace: 'default', name: 'b' }
  await expect(cluster.waitFor(configMaps, b, { timeoutMs: 1000 })).rejects.toThrow(
    'configmaps b was not as wanted within 1 s; there is no such ConfigMap',
  )
  const all = { namespace: 'default', until: () => false, timeoutMs: 1000 }
  await expect(cluster.waitForList(configMaps, all)).rejects.toThrow(
    /within 1 s; last seen:\nConfigMap default\//,
  )
})

test('Objects are waited for together', async () => {
  await using cluster = await TestCluster.start({ objects: web(3) })
  const ours = { namespace: 'default', labelSelector: 'app=web' }
  const three = await cluster.waitForList(pods, { ...ours, until: pods => pods.filter(isReady).length === 3 })
  expect(three).toHaveLength(3)
  await cluster.client.delete(deployments, { namespace: 'default', name: 'web' })
  expect(await cluster.waitForList(pods, { ...ours, until: pods => pods.length === 0 })).toEqual([])
  const failing = () => {
    throw new Error('not what I thought')
  }
  await expect(cluster.waitForList(pods, { until: failing })).rejects.toThrow('not what I thought')
})

test('A wait takes real time, however far the time of the cluster jumps', async () => {
  await using cluster = await TestCluster.start({ nodes: 0 })
  const waiting = cluster.waitFor(configMaps, { namespace: 'default', name: 'late' })
  await cluster.clock.advance(3_600_000)
  await cluster.apply([configMap('late')])
  expect((await waiting).metadata.name).toBe('late')
})

test('A test that holds its own time does not hold that of the cluster', async () => {
  await using cluster = await TestCluster.start()
  const clean = await cluster.snapshot()
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'performance'] })
  try {
    await cluster.apply(web(2))
    const { metadata } = await cluster.waitFor(
      deployments,
      { namespace: 'default', name: 'web' },
      { until: ({ status }) => status?.readyReplicas === 2 },
    )
    expect(Date.now()).toBe(0)
    expect(metadata.creationTimestamp?.startsWith('1970')).toBe(false)
    await cluster.restore(clean)
    await cluster.clock.advance(60_000)
  } finally {
    vi.useRealTimers()
  }
})

test('What comes from another cluster is applied, its status too', async () => {
  await using cluster = await TestCluster.start({ nodes: 0 })
  const status = { capacity: { cpu: '4' } }
  const metadata = { name: 'n', uid: 'x', resourceVersion: '12' }
  // Ranges of its own: a node that is given some keeps them.
  const podCIDRs = ['10.244.77.0/24', 'fd00:10:244:77::/64']
  const node = { apiVersion: 'v1', kind: 'Node', metadata, spec: { podCIDR: podCIDRs[0], podCIDRs } }
  await cluster.apply([{ ...node, status }])
  await cluster.apply([{ ...node, status: { capacity: { cpu: '8' } } }])
  expect((await cluster.client.get(nodes, { name: 'n' })).status?.capacity).toEqual({ cpu: '8' })
  await expect(cluster.apply('metadata: {name: a}')).rejects.toThrow(
    'Cannot apply an object a: no kind, expected both',
  )
  await expect(
    cluster.apply('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}'),
  ).rejects.toThrow('namespaces "b" not found')
})

test.each(familyOrders.map(order => [order.join(','), order] as const))(
  'What was allocated after a snapshot is free again with %s',
  async (_, ipFamilies) => {
    await using cluster = await TestCluster.start({ ipFamilies, nodes: 0 })
    const clean = await cluster.snapshot()
    const ports = [{ port: 80, nodePort: 30080 }]
    const clusterIPs = ipFamilies.map(family => ({ IPv4: '10.96.7.7', IPv6: 'fd00:10:96::77' })[family])
    const service = (name: string) => ({
      metadata: { namespace: 'default', name },
      spec: {
        type: 'NodePort' as const,
        ipFamilyPolicy: 'PreferDualStack' as const,
        clusterIP: clusterIPs[0]!,
        clusterIPs,
        ports,
      },
    })
    for (const name of ['a', 'b', 'c']) {
      await cluster.client.create(services, service(name))
      await cluster.restore(clean)
    }
    const kept = await cluster.client.create(services, service('d'))
    expect(kept.spec?.clusterIPs).toEqual(clusterIPs)
    await expect(cluster.client.create(services, service('e'))).rejects.toThrow(
      'provided IP is already allocated',
    )
  },
)

test('Nothing of a test is left after it, even when controllers are in the middle of it', async () => {
  await using cluster = await TestCluster.start({ nodes: 2 })
  const clean = await cluster.snapshot()
  const informer = new Informer({ client: cluster.client, resource: pods, clock: cluster.clock })
  informer.start()
  await informer.synced
  for (let round = 0; round < 5; round++) {
    await cluster.apply(web(20))
    const ours = { namespace: 'default', labelSelector: 'app=web' }
    await cluster.waitForList(pods, { ...ours, until: pods => pods.length > round * 4 })
    await cluster.restore(clean)
    expect((await cluster.client.list(pods)).items).toEqual([])
  }
  await cluster.waitForList(pods, { until: () => informer.size === 0 })
  await cluster.apply(web(1))
  await cluster.waitForList(pods, { until: pods => pods.length === 1 && informer.size === 1 })
  await informer.stop()
})

test('Clusters that were stopped leave nothing behind in the process', async () => {
  const open = () =>
    process.getActiveResourcesInfo().filter(name => name !== 'Timeout' && name !== 'Immediate')
  const before = open()
  for (let round = 0; round < 10; round++) {
    const cluster = await TestCluster.start()
    await cluster.stop()
    await cluster.stop()
  }
  await Promise.all([1, 2, 3].map(async () => (await TestCluster.start()).stop()))
  await expect(TestCluster.start({ objects: 'kind: ConfigMap' })).rejects.toThrow('no apiVersion')
  await expect(TestCluster.start({ objects: '{' })).rejects.toThrow()
  await expect(TestCluster.start({ ipFamilies: ['IPv5'] })).rejects.toThrow('Cannot use --ip-families IPv5')
  expect(open()).toEqual(before)
})
