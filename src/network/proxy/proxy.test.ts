// The proxy between a real API server and an nftables in memory; test/proxy.test.ts has real packets.
import { afterEach, describe, expect, test } from 'vitest'
import { namespaces } from '../../api/resources/core/namespace.ts'
import { nodes } from '../../api/resources/core/node.ts'
import { services } from '../../api/resources/core/service.ts'
import { endpointSlices } from '../../api/resources/discovery.k8s.io/endpointslice.ts'
import { admin, openTestServer } from '../../apiserver/apiserver.fake.ts'
import { Client } from '../../client/client.ts'
import { Informers } from '../../client/informers.ts'
import { silentLogger } from '../../component/log.ts'
import { formatMetrics, MetricSet } from '../../component/metrics.ts'
import { FakeExec } from '../../host/exec.fake.ts'
import { familyOrders, type IPFamilies } from '../../ip/family.ts'
import { FakeNft } from '../nftables/nft.fake.ts'
import { ServiceProxy } from './proxy.ts'
import { proxyTable } from './table.ts'
import { sliceOf } from './testobjects.fake.ts'

const nodeAddresses = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }
const ranges = { IPv4: '10.96.0.0/16', IPv6: 'fd00:10:96::/112' }
const podCIDRs = { IPv4: '10.244.1.0/24', IPv6: 'fd00:10:244:1::/64' }

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startProxy(families: IPFamilies = ['IPv4', 'IPv6']) {
  const { server, clock, close } = await openTestServer({
    serviceClusterIPRanges: families.map(family => ranges[family]),
    advertiseAddress: nodeAddresses[families[0]!],
  })
  closing.push(close)
  const client = new Client(server.transport(admin))
  await client.create(namespaces, { metadata: { name: 'ns' } })
  await client.create(nodes, {
    metadata: { name: 'node-1' },
    spec: { podCIDRs: families.map(family => podCIDRs[family]) },
  })
  const informers = new Informers({ client, clock })
  const nft = new FakeNft()
  const exec = new FakeExec()
  const problems: string[] = []
  const note = (message: string) => void problems.push(message)
  const log = { ...silentLogger, warn: note, error: note, child: () => log }
  const metrics = new MetricSet()
  const proxy = new ServiceProxy({
    informers,
    metrics,
    exec,
    nodeName: 'node-1',
    nodeAddresses: families.map(family => nodeAddresses[family]),
    serviceCIDRs: families.map(family => ranges[family]),
    clock,
    nft,
    log,
  })
  closing.push(
    () => informers.stop(),
    () => proxy.stop(),
  )
  await proxy.start()
  nft.ran.length = 0
  const create = async (name: string, spec = {}) => {
    const ports = [{ port: 80, targetPort: 8080 }]
    return client.create(services, {
      metadata: { namespace: 'ns', name },
      spec: { ipFamilyPolicy: 'PreferDualStack', ports, ...spec },
    })
  }
  const settle = async (ms = 20) => {
    for (let turn = 0; turn < 12; turn++) await clock.advance(turn === 4 ? ms : 0)
  }
  const elements = (collection: string) => nft.elements(proxyTable, collection)
  return { client, clock, proxy, nft, exec, metrics, problems, create, settle, elements }
}

test.each(familyOrders.map(families => ({ families })))(
  'On a node of $families a Service reaches the kernel in its families',
  async ({ families }) => {
    const { client, create, settle, elements } = await startProxy(families)
    const service = await create('web')
    for (const family of families) await client.create(endpointSlices, sliceOf(family, [1, 2]))
    await settle()
    for (const [index, family] of families.entries()) {
      const address = service.spec!.clusterIPs![index]
      expect(elements(`cluster-ips-${family}`)).toContain(address)
      expect(elements(`endpoints-tcp-${family}`)).toContain(
        `${address} . 80 . 0 : ${sliceOf(family, [1]).endpoints![0]!.addresses[0]} . 8080`,
      )
      expect(elements(`local-pods-${family}`)).toEqual([podCIDRs[family]])
      expect(elements(`service-ranges-${family}`)).toEqual([ranges[family]])
    }
  },
)

test('Changes of one moment are one transaction, an increment', async () => {
  const { create, client, settle, nft, proxy, metrics } = await startProxy()
  await create('a')
  await create('b')
  await settle()
  expect(nft.ran).toHaveLength(1)
  expect(nft.ran[0]).not.toContain('delete table')
  await client.delete(services, { namespace: 'ns', name: 'a' })
  await settle()
  expect(nft.ran).toHaveLength(2)
  expect(nft.ran[1]).toContain('delete element inet futago-proxy cluster-ips-IPv4')
  expect(proxy.isCurrent).toBe(true)
  expect(proxy.statistics).toMatchObject({ syncs: 3, fullSyncs: 1, failedSyncs: 0 })
  const lines = formatMetrics(metrics.collect()).split('\n')
  for (const line of [
    'kubeproxy_sync_proxy_rules_duration_seconds_count 3',
    'kubeproxy_sync_full_proxy_rules_duration_seconds_count 1',
    'kubeproxy_sync_partial_proxy_rules_duration_seconds_count 2',
    'kubeproxy_sync_proxy_rules_nftables_sync_failures_total 0',
  ]) {
    expect(lines).toContain(line)
  }
})

describe('What goes wrong is put right', () => {
  test('by building the table anew after the kernel refused an increment', async () => {
    const { create, settle, nft, proxy, problems, elements } = await startProxy()
    nft.failNext = new Error('Device or resource busy')
    const service = await create('a')
    await settle()
    expect(problems).toEqual(['cannot program Services'])
    expect(proxy.isCurrent).toBe(false)
    await settle(300)
    expect(nft.ran).toHaveLength(1)
    expect(nft.ran[0]).toContain('delete table inet futago-proxy')
    expect(elements('cluster-ips-IPv4')).toContain(service.spec!.clusterIPs![0])
    expect(proxy.statistics).toMatchObject({ syncs: 2, fullSyncs: 2, failedSyncs: 1 })
  })

  test('when somebody else has flushed the rules or removed the table', async () => {
    const { settle, nft, proxy, problems } = await startProxy()
    const before = (await nft.outline(proxyTable))?.chains
    await settle(30_000)
    expect(nft.ran).toEqual([])
    for (const damage of [
      () => nft.tables.get('inet futago-proxy')!.chains.get('services')!.rules.splice(0),
      () => nft.tables.clear(),
    ]) {
      damage()
      await settle(31_000)
      expect((await nft.outline(proxyTable))?.chains).toEqual(before)
    }
    expect(problems).toHaveLength(2)
    expect(proxy.statistics.fullSyncs).toBe(3)
  })
})

test('Stale UDP flows are forgotten in the family that lost an endpoint', async () => {
  const { client, create, settle, exec } = await startProxy()
  await create('web', { ports: [{ port: 53, targetPort: 8080, protocol: 'UDP' }] })
  const slice = await client.create(endpointSlices, sliceOf('IPv6', [1, 2], { protocol: 'UDP' }))
  await settle()
  exec.commands.length = 0
  await client.update(endpointSlices, { ...slice, endpoints: slice.endpoints!.slice(1) })
  await settle()
  expect(exec.commands).toEqual(['conntrack -L -p udp -f ipv6'])
})

test('A change of the node’s zone or Pod range is followed', async () => {
  const { client, settle, elements } = await startProxy(['IPv4'])
  await client.patch(
    nodes,
    { name: 'node-1' },
    { metadata: { labels: { 'topology.kubernetes.io/zone': 'z' } } },
  )
  await settle()
  expect(elements('local-pods-IPv4')).toEqual(['10.244.1.0/24'])
})

test('A proxy that stops leaves the table; cleanup removes it', async () => {
  const { proxy, nft, create, settle } = await startProxy()
  await proxy.stop()
  await create('late')
  await settle()
  expect(nft.ran).toEqual([])
  expect(await nft.outline(proxyTable)).toBeDefined()
  await proxy.cleanup()
  expect(await nft.outline(proxyTable)).toBeUndefined()
})

test('A proxy whose first transaction is refused does not start', async () => {
  const { proxy, nft } = await startProxy()
  await proxy.stop()
  nft.failNext = new Error('Operation not permitted')
  await expect(proxy.start()).rejects.toThrow('not permitted')
})
