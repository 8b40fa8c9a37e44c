// Addresses of load balancers on a real link: one node answers, neighbours follow when another takes over, and
// nothing of the node itself is reached through them; in every configuration of families.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodes } from '../src/api/resources/core/node.ts'
import { services } from '../src/api/resources/core/service.ts'
import { endpointSlices } from '../src/api/resources/discovery.k8s.io/endpointslice.ts'
import { systemClock } from '../src/component/clock.ts'
import { runIPCommands } from '../src/host/link.ts'
import { familyOrders } from '../src/ip/family.ts'
import { LoadBalancerSpeaker } from '../src/network/loadbalancer/speaker.ts'
import { NftCommand } from '../src/network/nftables/nft.ts'
import { ServiceProxy } from '../src/network/proxy/proxy.ts'
import { eventually } from './eventually.ts'
import { whyNot } from './needs.ts'
import { type Machine, NodeNetwork } from './nodenetwork.ts'

const reason = whyNot(['ip', 'nft', 'nsenter', 'bridge', 'portmap', 'iptables', 'ping', 'conntrack'])
const pools = { IPv4: '203.0.113.', IPv6: 'fd00:113::' }
const poolRanges = { IPv4: '203.0.113.0/24', IPv6: 'fd00:113::/64' }

describe.skipIf(reason).each(familyOrders.map(families => ({ families })))(
  'families $families',
  ({ families }) => {
    let network: NodeNetwork
    let client: Machine
    const speakers: LoadBalancerSpeaker[] = []
    const addresses = families.map(family => `${pools[family]}1`)

    beforeAll(async () => {
      network = await NodeNetwork.open(families)
      client = await network.addMachine('client', 50)
      await runIPCommands(
        client.exec,
        families.map(family => `route add ${poolRanges[family]} dev eth0`),
      )
      for (const { name, exec } of network.nodes) {
        const speaker = new LoadBalancerSpeaker({
          informers: network.informers,
          clock: systemClock,
          exec,
          nft: new NftCommand(exec),
          nodeName: name,
          link: 'eth0',
        })
        speakers.push(speaker)
        await network.start(speaker)
      }
      const created = await network.client.create(services, {
        metadata: { name: 'web', namespace: 'default' },
        spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ipFamilyPolicy: 'PreferDualStack' },
      })
      const ingress = addresses.map(ip => ({ ip, ipMode: 'VIP' }))
      await network.client.updateStatus(services, { ...created, status: { loadBalancer: { ingress } } })
    })
    afterAll(() => network?.close())

    const answered = (address: string) =>
      eventually(
        () => client.ping(address, 1),
        isAnswered => isAnswered,
        50,
      )
    const holderOf = async (address: string) => {
      for (const { name, exec } of network.nodes) {
        if ((await exec.run('ip', ['address', 'show', 'dev', 'eth0'])).stdout.includes(` ${address}/`))
          return name
      }
      return undefined
    }
    /** Until it moves, the one before may still have it. */
    const heldBy = (address: string, isRight: (holder: string | undefined) => boolean) =>
      eventually(() => holderOf(address), isRight, 50)

    test('one node answers for each address', async () => {
      for (const address of addresses) {
        await answered(address)
        expect(await holderOf(address)).toMatch(/^node[12]$/)
      }
    })

    test('ports of the node are not reached through it', async () => {
      for (const node of network.nodes) await node.serve(10250)
      for (const address of addresses) {
        expect(await client.connect(address, 10250)).toBe('ECONNREFUSED')
        expect(await client.connect(address, 10250, { protocol: 'UDP' })).toBe('ECONNREFUSED')
      }
      for (const family of families) {
        expect(await client.connect(network.nodes[0]!.address(family), 10250)).toBe(client.address(family))
      }
    })

    test('the Service behind it answers, and with Local the Pod sees the client', async () => {
      const [first, second] = network.nodes as [Machine, Machine]
      for (const { name, exec, addresses: nodeAddresses } of network.nodes) {
        await network.start(
          new ServiceProxy({
            informers: network.informers,
            clock: systemClock,
            exec,
            nodeName: name,
            nodeAddresses,
          }),
        )
      }
      const pods = [await network.addPod(first, 'pod1'), await network.addPod(second, 'pod2')]
      for (const pod of pods) await pod.serve(80)
      const publish = async (nodeNames: readonly string[]) => {
        await network.client.deleteCollection(endpointSlices, { namespace: 'default' })
        for (const family of families) {
          const chosen = network.nodes
            .map((node, index) => ({ node, pod: pods[index]! }))
            .filter(({ node }) => nodeNames.includes(node.name))
          await network.client.create(endpointSlices, {
            metadata: {
              name: `web-${family.toLowerCase()}`,
              namespace: 'default',
              labels: { 'kubernetes.io/service-name': 'web' },
            },
            addressType: family,
            endpoints: chosen.map(({ node, pod }) => ({
              addresses: [pod.address(family)],
              nodeName: node.name,
              conditions: { ready: true },
            })),
            ports: [{ name: '', port: 80, protocol: 'TCP' }],
          })
        }
      }
      const served = (address: string, isRight: (answer: string) => boolean) =>
        eventually(() => client.connect(address, 80, { timeoutMs: 500 }), isRight, 20)
      await publish([first.name, second.name])
      for (const address of addresses) {
        await served(address, answer => /^(172|10|fd00)/.test(answer))
      }
      const service = await network.client.get(services, { namespace: 'default', name: 'web' })
      const spec = { ...service.spec, externalTrafficPolicy: 'Local' }
      await network.client.update(services, { ...service, spec })
      for (const node of network.nodes) {
        await publish([node.name])
        for (const [index, address] of addresses.entries()) {
          const own = client.address(families[index]!)
          await heldBy(address, holder => holder === node.name)
          await served(address, answer => answer === own)
        }
      }
      await publish([first.name, second.name])
    })

    test('the node itself never uses it as its own', async () => {
      await client.serve(9000)
      for (const node of network.nodes) {
        for (const family of families) {
          expect(await node.connect(client.address(family), 9000)).toBe(node.address(family))
        }
      }
    })

    test('when the node is not ready any more, the other takes over within seconds', async () => {
      const before = await Promise.all(
        addresses.map(address => heldBy(address, holder => holder !== undefined)),
      )
      const node = await network.client.get(nodes, { name: before[0]! })
      const conditions = [{ type: 'Ready', status: 'Unknown' }]
      await network.client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } })
      for (const address of addresses) {
        await heldBy(address, holder => holder !== undefined && holder !== before[0])
        await answered(address)
      }
    })

    test('they go with the Service', async () => {
      await network.client.delete(services, { namespace: 'default', name: 'web' })
      for (const address of addresses) await heldBy(address, holder => holder === undefined)
      for (const speaker of speakers) await speaker.cleanup()
    })
  },
)
