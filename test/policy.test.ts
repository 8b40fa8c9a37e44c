// NetworkPolicies with a real kernel: Pods of the same bridge and of two nodes, in every configuration of
// families. What is refused is dropped, so it shows as a timeout.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { NetworkPolicy } from '../src/api/generated/types.ts'
import { namespaces } from '../src/api/resources/core/namespace.ts'
import { pods } from '../src/api/resources/core/pod.ts'
import { serviceAccounts } from '../src/api/resources/core/serviceaccount.ts'
import { networkPolicies } from '../src/api/resources/networking.k8s.io/networkpolicy.ts'
import { systemClock } from '../src/component/clock.ts'
import { familyOrders, type IPFamily } from '../src/ip/family.ts'
import { NftCommand } from '../src/network/nftables/nft.ts'
import { NetworkPolicies } from '../src/network/policy/policy.ts'
import { whyNot } from './needs.ts'
import { type Machine, NodeNetwork, outside } from './nodenetwork.ts'

const reason = whyNot(['ip', 'nft', 'nsenter', 'bridge', 'portmap', 'iptables', 'ping'])

describe.skipIf(reason).each(familyOrders.map(families => ({ families })))(
  'families $families',
  ({ families }) => {
    let network: NodeNetwork
    let server: Machine
    let near: Machine
    let far: Machine
    let stranger: Machine
    const guards: NetworkPolicies[] = []

    async function addPod(node: Machine, name: string, namespace = 'default'): Promise<Machine> {
      const pod = await network.addPod(node, name)
      const created = await network.client.create(pods, {
        metadata: { name, namespace, labels: { app: name } },
        spec: {
          nodeName: node.name,
          containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: 80 }] }],
        },
      })
      const podIPs = pod.addresses.map(ip => ({ ip }))
      await network.client.updateStatus(pods, { ...created, status: { phase: 'Running', podIPs } })
      return pod
    }

    beforeAll(async () => {
      network = await NodeNetwork.open(families)
      await network.client.create(namespaces, { metadata: { name: 'other' } })
      for (const namespace of ['default', 'other']) {
        const account = { metadata: { name: 'default', namespace } }
        await network.client.create(serviceAccounts, account).catch(() => undefined)
      }
      const [first, second] = network.nodes as [Machine, Machine]
      server = await addPod(first, 'server')
      near = await addPod(first, 'near')
      far = await addPod(second, 'far')
      stranger = await addPod(second, 'stranger', 'other')
      for (const port of [80, 81, 53]) await server.serve(port)
      await far.serve(80)
      await network.router.serve(9090)
      for (const { name, exec } of network.nodes) {
        const nft = new NftCommand(exec)
        const guard = new NetworkPolicies({
          informers: network.informers,
          clock: systemClock,
          nft,
          nodeName: name,
        })
        guards.push(guard)
        await network.start(guard)
      }
    })
    afterAll(() => network?.close())

    /** Both nodes have in their kernels what the API server has. */
    const settled = () => {
      const isSettled = async () =>
        (await network.informed([networkPolicies, pods, namespaces])) &&
        guards.every(({ isCurrent }) => isCurrent)
      return expect.poll(isSettled).toBe(true)
    }
    const apply = async (spec: NetworkPolicy['spec'], name = 'policy') => {
      const metadata = { name, namespace: 'default' }
      await network.client.create(networkPolicies, { metadata, spec: { podSelector: {}, ...spec } })
      await settled()
    }
    afterEach(async () => {
      await network.client.deleteCollection(networkPolicies, { namespace: 'default' })
      await settled()
    })

    const isServer = { podSelector: { matchLabels: { app: 'server' } } }
    const app = (name: string) => ({ podSelector: { matchLabels: { app: name } } })
    /** What is dropped is waited for so long; an answer as long as it takes. */
    const droppedMs = 300
    const from = () => ({ near, far, stranger, node: network.nodes[0]!, self: server })
    type From = keyof ReturnType<typeof from>
    const everybody: readonly From[] = ['near', 'far', 'stranger', 'node', 'self']
    const inAll = (...names: readonly From[]) =>
      names.flatMap(name => families.map(family => `${name} ${family}`)).sort()
    /** Of these who get an answer of the server are those that are told: `near IPv4`. */
    async function expectReaching(
      expected: readonly string[],
      port: number,
      protocol: 'TCP' | 'UDP' = 'TCP',
    ): Promise<void> {
      const found = await Promise.all(
        inAll(...everybody).map(async way => {
          const [name, family] = way.split(' ') as [From, IPFamily]
          const limit = expected.includes(way) ? {} : { timeoutMs: droppedMs }
          const answer = await from()[name].connect(server.address(family), port, { protocol, ...limit })
          return answer === 'timeout' ? [] : [way]
        }),
      )
      expect(found.flat()).toEqual([...expected].sort())
    }
    interface Connection {
      readonly from: Machine
      readonly to: string
      readonly port: number
      readonly protocol?: 'TCP' | 'UDP'
      /** None: it is dropped. */
      readonly answer?: string
    }
    /** Made all at once, since what is dropped is waited for. */
    async function expectAnswers(connections: readonly Connection[]): Promise<void> {
      const asked = connections.map(async ({ from, to, port, protocol = 'TCP', answer: expected }) => {
        const limit = expected === undefined ? { timeoutMs: droppedMs } : {}
        const answer = await from.connect(to, port, { protocol, ...limit })
        return `${from.name} ${to} ${protocol} ${port}: ${answer}`
      })
      const expected = connections.map(
        ({ from, to, port, protocol = 'TCP', answer = 'timeout' }) =>
          `${from.name} ${to} ${protocol} ${port}: ${answer}`,
      )
      expect(await Promise.all(asked)).toEqual(expected)
    }

    test('without policies everybody gets through', async () => {
      await expectReaching(inAll(...everybody), 80)
    })

    test('a Pod that a policy chooses takes nothing but from its own node and itself', async () => {
      await apply({ ...isServer })
      const [pings] = await Promise.all([
        Promise.all(
          families.flatMap(family => [
            network.nodes[0]!.ping(server.address(family)),
            near.ping(server.address(family), 1),
          ]),
        ),
        expectAnswers(
          families.map(family => {
            const answer = near.address(family)
            return { from: near, to: far.address(family), port: 80, answer }
          }),
        ),
        expectReaching(inAll('node', 'self'), 80),
        expectReaching(inAll('node', 'self'), 53, 'UDP'),
      ])
      expect(pings).toEqual(families.flatMap(() => [true, false]))
    })

    test('Pods of the namespace that a rule names get through, on the same bridge and from afar', async () => {
      await apply({ ...isServer, ingress: [{ from: [app('near')] }] }, 'near')
      await expectReaching(inAll('near', 'node', 'self'), 80)
      await apply({ ...isServer, ingress: [{ from: [app('far')] }] }, 'far')
      await expectReaching(inAll('near', 'far', 'node', 'self'), 80)
    })

    test('Pods of another namespace get through when it is named', async () => {
      const other = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } }
      await apply({ ...isServer, ingress: [{ from: [other] }] })
      await expectReaching(inAll('stranger', 'node', 'self'), 80)
    })

    test.each<[string, object, number[]]>([
      ['by number', { port: 81 }, [81]],
      ['by range', { port: 80, endPort: 81 }, [80, 81]],
      ['by name', { port: 'http' }, [80]],
      ['by protocol', { protocol: 'TCP' }, [80, 81]],
    ])('ports are let through %s', async (_, port, expected) => {
      await apply({ ...isServer, ingress: [{ from: [app('far')], ports: [port] }] })
      await expectAnswers(
        families.flatMap(family => {
          const to = server.address(family)
          const answer = { answer: far.address(family) }
          return [
            ...[80, 81].map(number => ({
              ...{ from: far, to, port: number },
              ...(expected.includes(number) ? answer : {}),
            })),
            { from: far, to, port: 53, protocol: 'UDP' as const },
            { from: near, to, port: 80 },
          ]
        }),
      )
    })

    test('blocks let through what they hold, but for their exceptions', async () => {
      const all = { IPv4: '10.201.0.0/16', IPv6: 'fd00:201::/56' }
      const length = { IPv4: 32, IPv6: 128 }
      const from = families.map(family => ({
        ipBlock: { cidr: all[family], except: [`${near.address(family)}/${length[family]}`] },
      }))
      await apply({ ...isServer, ingress: [{ from }] })
      await expectReaching(inAll('far', 'stranger', 'node', 'self'), 80)
    })

    test('a block of one family lets nothing of the other through', async () => {
      const [family] = families
      const cidr = { IPv4: '0.0.0.0/0', IPv6: '::/0' }[family!]
      await apply({ ...isServer, ingress: [{ from: [{ ipBlock: { cidr } }] }] })
      const others = ['near', 'far', 'stranger'].map(name => `${name} ${family}`)
      await expectReaching([...inAll('node', 'self'), ...others], 80)
    })

    test('egress is held to its rules, and answers to what came in are free', async () => {
      await apply({
        ...app('near'),
        policyTypes: ['Egress'],
        egress: [{ to: [isServer], ports: [{ port: 80 }] }],
      })
      await near.serve(82)
      await expectAnswers(
        families.flatMap(family => [
          { from: near, to: server.address(family), port: 80, answer: near.address(family) },
          { from: near, to: server.address(family), port: 81 },
          { from: near, to: far.address(family), port: 80 },
          { from: near, to: outside[family], port: 9090 },
          { from: server, to: outside[family], port: 9090, answer: network.nodes[0]!.address(family) },
          { from: far, to: near.address(family), port: 82, answer: far.address(family) },
        ]),
      )
    })

    test('both ends must agree', async () => {
      await apply({ ...app('far'), policyTypes: ['Egress'], egress: [{ to: [isServer] }] }, 'sender')
      await expectReaching(inAll('near', 'far', 'stranger', 'node', 'self'), 80)
      await apply({ ...isServer, ingress: [{ from: [app('near')] }] }, 'receiver')
      await expectReaching(inAll('near', 'node', 'self'), 80)
    })

    test('a Pod that comes later is guarded, and let through, as those before', async () => {
      await apply({ ...isServer, ingress: [{ from: [app('late')] }] })
      const late = await addPod(network.nodes[1]!, 'late')
      await settled()
      for (const family of families) {
        expect(await late.connect(server.address(family), 80)).toBe(late.address(family))
      }
    })
  },
)
