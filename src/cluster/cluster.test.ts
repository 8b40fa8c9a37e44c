import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deployments } from '../api/resources/apps/deployment.ts'
import { namespaces } from '../api/resources/core/namespace.ts'
import { pods } from '../api/resources/core/pod.ts'
import { services } from '../api/resources/core/service.ts'
import { Client } from '../client/client.ts'
import { clientConfig, parseKubeconfig } from '../client/kubeconfig.ts'
import { httpsTransport } from '../client/transport.ts'
import { waitForObject } from '../client/waitfor.ts'
import { systemClock } from '../component/clock.ts'
import { startCollector } from '../component/collector.fake.ts'
import { parseExposition } from '../component/exposition.fake.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import { OTLPTracer } from '../component/otlptracer.ts'
import { familyOrders } from '../ip/family.ts'
import { openMemoryStore } from '../storage/memory.ts'
import { startAPIServer, startCluster } from './cluster.ts'
import { StateDirectory } from './statedirectory.ts'

const newRoot = () => mkdtempSync(join(tmpdir(), 'futago-cluster-'))

test.each(familyOrders.map(order => [order.join(','), order] as const))(
  'A cluster of %s starts, answers, and leaves nothing running behind',
  async (_, ipFamilies) => {
    const stateRoot = newRoot()
    const options = { store: 'memory', securePort: 0, ipFamilies, nodes: 1 }
    const cluster = await startCluster(options, { stateRoot })
    const service = await cluster.client.get(services, { namespace: 'default', name: 'kubernetes' })
    expect(service.spec?.ipFamilies).toEqual([ipFamilies[0]])
    const directory = new StateDirectory(stateRoot, 'default')
    expect(directory.running()?.server).toBe(cluster.server)
    expect(readFileSync(cluster.kubeconfigPath, 'utf8')).toContain(`server: ${cluster.server}`)
    await cluster.stop()
    expect(directory.running()).toBeUndefined()
  },
)

test('An API server alone answers, and nothing but its clients changes anything', async () => {
  const server = await startAPIServer({ store: 'memory', securePort: 0 }, { stateRoot: newRoot() })
  const { client } = server
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { selector: { matchLabels: { a: 'b' } }, template }
  const metadata = { namespace: 'default', name: 'idle' }
  const before = await client.create(deployments, { metadata, spec })
  await client.create(namespaces, { metadata: { name: 'team' } })
  await client.delete(namespaces, { name: 'team' })
  expect((await client.get(namespaces, { name: 'team' })).status?.phase).toBe('Terminating')
  const { items, metadata: list } = await client.list(pods)
  expect(items).toEqual([])
  expect(Number(list.resourceVersion)).toBe(Number(before.metadata.resourceVersion) + 2)
  const outside = httpsTransport(await clientConfig(await parseKubeconfig(server.kubeconfig)))
  expect((await new Client(outside).list(deployments)).items).toHaveLength(1)
  outside.close()
  await server.stop()
})

test.each([
  [{ store: 'lmdb' }, '--store lmdb'],
  [{ store: 'memory', certDir: '/tmp/keys' }, '--cert-dir'],
  [{ store: 'memory', runtime: 'containerd' as const }, '--runtime containerd'],
])('A cluster for which nothing is kept refuses %j', async (options, flag) => {
  const start = startCluster({ securePort: 0, nodes: 0, ...options }, {})
  await expect(start).rejects.toThrow(
    `Cannot use ${flag} without a directory to keep things in: expected a stateRoot`,
  )
})

test('A cluster for which nothing is kept writes its kubeconfig where it is told', async () => {
  const kubeconfigPath = join(newRoot(), 'kubeconfig')
  const cluster = await startCluster({ store: 'memory', securePort: 0, nodes: 0 }, { kubeconfigPath })
  expect(cluster.kubeconfigPath).toBe(kubeconfigPath)
  expect(readFileSync(kubeconfigPath, 'utf8')).toBe(cluster.kubeconfig)
  await cluster.stop()
})

test('/metrics shows what controllers, scheduler and their client measure', async () => {
  const options = { store: 'memory', securePort: 0, nodes: 1 }
  const cluster = await startCluster(options, { stateRoot: newRoot() })
  const { body } = await cluster.client.transport.request<string>({ method: 'GET', path: '/metrics' })
  const families = parseExposition(body)
  const labelsOf = (name: string) => families.get(name)?.samples.map(({ labels }) => labels)
  expect(labelsOf('workqueue_depth')).toContainEqual({ name: 'endpoint_slice' })
  expect(labelsOf('workqueue_depth')).toContainEqual({ name: 'garbage_collector' })
  expect(labelsOf('scheduler_pending_pods')).toContainEqual({ queue: 'unschedulable' })
  expect(labelsOf('rest_client_requests_total')).toContainEqual({
    code: '201',
    method: 'POST',
    host: 'in-process',
  })
  expect(labelsOf('apiserver_resource_objects')).toContainEqual({ group: '', resource: 'nodes' })
  const text = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8')
  const documented = [...text.matchAll(/`([a-z_]+)(\*?)`/g)]
  const isDocumented = (name: string) =>
    documented.some(([, known, rest]) => (rest ? name.startsWith(known!) : name === known))
  expect([...families.keys()].filter(name => !isDocumented(name))).toEqual([])
  await cluster.stop()
})

test('Traces show reconciles, the scheduler and the kubelet at work', async () => {
  const collector = await startCollector()
  const { endpoint } = collector
  const tracer = new OTLPTracer({ endpoint, serviceName: 'futago', serviceVersion: '1', clock: systemClock })
  const options = { store: 'memory', securePort: 0, nodes: 1 }
  const cluster = await startCluster(options, { stateRoot: newRoot(), tracer })
  const metadata = { namespace: 'default', name: 'p' }
  await cluster.client.create(pods, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } })
  await waitForObject({
    ...{ client: cluster.client, clock: systemClock, resource: pods, ...metadata, timeoutMs: 60_000 },
    until: pod => pod?.status?.phase === 'Running',
  })
  await cluster.stop()
  await tracer.close()
  const roots = collector.spans.filter(({ parentSpanId }) => parentSpanId === undefined)
  const keys = roots.map(({ name, attributes }) => `${name} ${attributes['futago.key'] ?? ''}`)
  expect(keys).toContain('schedule default/p')
  expect(keys).toContain('sync pod default/p')
  expect(keys).toContain('reconcile cidrAllocator node1')
  await collector.close()
})

test('A second start of the same cluster is refused and leaves the first alone', async () => {
  const stateRoot = newRoot()
  const options = { store: 'memory', securePort: 0, nodes: 0 }
  const cluster = await startCluster(options, { stateRoot })
  await expect(startCluster(options, { stateRoot })).rejects.toThrow('Cannot start cluster default: process')
  await cluster.client.get(services, { namespace: 'default', name: 'kubernetes' })
  await cluster.stop()
})

test('A start that is given up stops what it had started', async () => {
  const stateRoot = newRoot()
  const stopping = new AbortController()
  stopping.abort(new Error('no longer wanted'))
  const options = { store: 'memory', securePort: 0, nodes: 0 }
  await expect(startCluster(options, { stateRoot, signal: stopping.signal })).rejects.toThrow(
    'no longer wanted',
  )
  expect(new StateDirectory(stateRoot, 'default').running()).toBeUndefined()
})

test('A start that waits for what cannot be read is given up when it is told to', async () => {
  const store = openMemoryStore()
  await store.write([{ type: 'create', key: '/registry/configmaps/default/x', value: Buffer.from('x') }])
  const stopping = new AbortController()
  const log: Logger = {
    ...silentLogger,
    child: () => log,
    debug(message) {
      if (message.includes('the watch is interrupted')) stopping.abort(new Error('no longer wanted'))
    },
  }
  const options = { store: 'memory', securePort: 0, nodes: 0 }
  const starting = startCluster(options, { stateRoot: newRoot(), store, log, signal: stopping.signal })
  await expect(starting).rejects.toThrow('no longer wanted')
  await expect(store.revision()).rejects.toThrow('closed')
})
