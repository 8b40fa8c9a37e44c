import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { execInPod } from '../client/exec.ts'
import { clientConfig, parseKubeconfig } from '../client/kubeconfig.ts'
import { httpsTransport } from '../client/transport.ts'
import { waitForObject } from '../client/waitfor.ts'
import { systemClock } from '../component/clock.ts'
import { familyOrders, type IPFamilies } from '../ip/family.ts'
import { openMemoryStore } from '../storage/memory.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { SharedStore } from './sharedstore.fake.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function connect({ kubeconfig }: Cluster) {
  const transport = httpsTransport(await clientConfig(await parseKubeconfig(kubeconfig)))
  ends.push(() => transport.close())
  return transport
}

/** Starts servers of one cluster. */
function servers(ipFamilies: IPFamilies) {
  const stateRoot = mkdtempSync(join(tmpdir(), 'futago-peers-'))
  const store = openMemoryStore()
  return async (name: string, nodes: number): Promise<Cluster> => {
    const options = { name, nodes, ipFamilies, securePort: 0, certDir: join(stateRoot, 'keys') }
    const own = { stateRoot, store: new SharedStore(store), sharesStore: true }
    const cluster = await startCluster(options, own)
    ends.push(() => cluster.stop())
    return cluster
  }
}

test.each(familyOrders.map(families => [families]))(
  'A Pod on a node that another server simulates is reached through every server: %s',
  async ipFamilies => {
    const start = servers(ipFamilies)
    const [a, b] = [await start('a', 1), await start('b', 0)]
    await b.client.create(pods, {
      metadata: { name: 'p', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'busybox', command: ['sleep', '1000'] }] },
    })
    await waitForObject({
      client: b.client,
      clock: systemClock,
      resource: pods,
      namespace: 'default',
      name: 'p',
      until: pod => pod?.status?.phase === 'Running',
      timeoutMs: 60_000,
    })
    const target = { namespace: 'default', pod: 'p', container: 'c', protocol: 'v5.channel.k8s.io' } as const
    for (const cluster of [a, b]) {
      expect(await execInPod(await connect(cluster), { ...target, command: ['hostname'] })).toBe('p\n')
    }
    const far = await connect(b)
    const proxy = far.request({ method: 'GET', path: '/api/v1/nodes/node1/proxy/healthz' })
    await expect(proxy).rejects.toThrow('its proxy can only be asked there')
  },
)

test('A server that starts again, at another port, has its nodes ready at once', async () => {
  const start = servers(['IPv6', 'IPv4'])
  const first = await start('a', 3)
  await first.stop()
  const again = await start('a', 3)
  expect(again.server).not.toBe(first.server)
  const { metadata } = await again.client.get(nodes, { name: 'node3' })
  expect(metadata.annotations?.['futago.dev/served-by']).toContain(again.server.split(':').at(-1))
})
