// The Pod network with a real kernel and the real CNI plugins: Pods of two nodes reach each other, the nodes
// and the world outside, in every configuration of families.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodes } from '../src/api/resources/core/node.ts'
import { systemClock } from '../src/component/clock.ts'
import { familyOrders } from '../src/ip/family.ts'
import { PodNetwork } from '../src/network/cni/podnetwork.ts'
import { NftCommand } from '../src/network/nftables/nft.ts'
import { eventually } from './eventually.ts'
import { whyNot } from './needs.ts'
import { type Machine, NodeNetwork, outside } from './nodenetwork.ts'

const reason = whyNot(['ip', 'nft', 'nsenter', 'bridge', 'portmap', 'iptables', 'ping'])

describe.skipIf(reason).each(familyOrders.map(families => ({ families })))(
  'families $families',
  ({ families }) => {
    let network: NodeNetwork
    let first: Machine
    let second: Machine
    beforeAll(async () => {
      network = await NodeNetwork.open(families)
      first = network.nodes[0]!
      second = network.nodes[1]!
    })
    afterAll(() => network?.close())

    test('a Pod has one address for each family, in order', async () => {
      const pod = await network.addPod(first, 'order')
      const expected = { IPv4: /^10\.201\.1\.\d+$/, IPv6: /^fd00:201:0:1::[0-9a-f]+$/ }
      expect(pod.addresses).toHaveLength(families.length)
      for (const [index, family] of families.entries()) expect(pod.addresses[index]).toMatch(expected[family])
    })

    test('a new Pod is reachable in all families at once, also the first of its node', async () => {
      const pod = await network.addPod(second, 'fresh')
      for (const family of families) {
        const { stdout } = await pod.exec.run('ip', ['-json', 'address', 'show', 'dev', 'eth0', 'tentative'])
        expect(
          JSON.parse(stdout || '[]').flatMap((link: { addr_info?: object[] }) => link.addr_info ?? []),
        ).toEqual([])
        expect(await first.ping(pod.address(family))).toBe(true)
      }
    })

    test('Pods reach Pods of their own node and of the other, with their own addresses', async () => {
      const server = await network.addPod(first, 'server')
      await server.serve(80)
      for (const [index, node] of network.nodes.entries()) {
        const pod = await network.addPod(node, `client${index}`)
        for (const family of families) {
          expect(await pod.connect(server.address(family), 80)).toBe(pod.address(family))
        }
      }
    })

    test('nodes and Pods reach each other with their own addresses', async () => {
      const pod = await network.addPod(first, 'withnode')
      await pod.serve(80)
      await second.serve(8080)
      for (const family of families) {
        expect(await second.connect(pod.address(family), 80)).toBe(second.address(family))
        expect(await pod.connect(second.address(family), 8080)).toBe(pod.address(family))
      }
    })

    test('towards the outside a Pod has the address of its node', async () => {
      const pod = await network.addPod(second, 'away')
      await network.router.serve(9090)
      for (const family of families) {
        expect(await pod.connect(outside[family], 9090)).toBe(second.address(family))
      }
    })

    test('a host port leads to its Pod in every family', async () => {
      const mapping = { hostPort: 8088, containerPort: 80, protocol: 'tcp' }
      const pod = await network.addPod(first, 'hostport', [mapping])
      await pod.serve(80)
      for (const family of families) {
        expect(await second.connect(first.address(family), 8088)).toBe(second.address(family))
      }
    })

    test('the MTU of Pods is that of the way out', async () => {
      const pod = await network.addPod(first, 'mtu')
      const { stdout } = await pod.exec.run('ip', ['-json', 'link', 'show', 'dev', 'eth0'])
      expect(JSON.parse(stdout)[0].mtu).toBe(1500)
      for (const family of families) {
        const payload = { IPv4: 1472, IPv6: 1452 }[family]
        const args = [
          '-n',
          '-q',
          '-c',
          '1',
          '-W',
          '2',
          '-M',
          'do',
          '-s',
          String(payload),
          second.address(family),
        ]
        await pod.exec.run('ping', args)
      }
    })

    test('routes go with their node', async () => {
      await network.client.delete(nodes, { name: second.name })
      const routes = async () =>
        (await first.exec.run('bash', ['-c', 'ip -4 route show proto 102; ip -6 route show proto 102']))
          .stdout
      await eventually(routes, text => text === '', 50)
    })
  },
)

describe.skipIf(reason)('the removal', () => {
  test('leaves nothing of the network', async () => {
    const network = await NodeNetwork.open(['IPv4', 'IPv6'], 1)
    try {
      const { exec, name } = network.nodes[0]!
      const part = new PodNetwork({
        informers: network.informers,
        clock: systemClock,
        exec,
        nft: new NftCommand(exec),
        nodeName: name,
        confDir: `${network.directory}/node1-files/net.d`,
        dataDir: `${network.directory}/node1-files/data`,
        insideRanges: [],
      })
      expect((await exec.run('nft', ['list', 'tables'])).stdout).toBe('table inet futago-egress\n')
      await part.cleanup()
      expect((await exec.run('nft', ['list', 'tables'])).stdout).toBe('')
      expect((await exec.run('ip', ['-brief', 'link'])).stdout).not.toContain('cni0')
      expect((await exec.run('ls', [`${network.directory}/node1-files`])).stdout).toBe('net.d\n')
      await part.cleanup()
    } finally {
      await network.close()
    }
  })
})
