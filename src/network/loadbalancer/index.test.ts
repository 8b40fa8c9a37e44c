// Who answers for which address: the decisions as values, and the component over a real API server with a
// link that is played.
import { afterEach, describe, expect, test } from 'vitest'
import type { EndpointSlice, Node, Service } from '../../api/generated/types.ts'
import { nodes } from '../../api/resources/core/node.ts'
import { services } from '../../api/resources/core/service.ts'
import { admin, openTestServer } from '../../apiserver/apiserver.fake.ts'
import { Client } from '../../client/client.ts'
import { Informers } from '../../client/informers.ts'
import { FakeExec } from '../../host/exec.fake.ts'
import { familyOrders, type IPFamilies, type IPFamily } from '../../ip/family.ts'
import { FakeNft } from '../nftables/nft.fake.ts'
import { elect } from './election.ts'
import { loadBalancerTable } from './filter.ts'
import { planAnnouncements } from './plan.ts'
import { LoadBalancerSpeaker } from './speaker.ts'

const nodeAddresses = { IPv4: '172.30.0.', IPv6: 'fd00:30::' }
const pools = { IPv4: '172.30.255.', IPv6: 'fd00:30:255::' }

function node(index: number, families: IPFamilies, { ready = 'True', labels = {} } = {}): Node {
  return {
    metadata: { name: `node${index}`, labels },
    status: {
      addresses: families.map(family => ({
        type: 'InternalIP',
        address: `${nodeAddresses[family]}${index}`,
      })),
      conditions: [{ type: 'Ready', status: ready }],
    },
  }
}

const service = (index: number, families: IPFamilies, spec: Service['spec'] = {}): Service => ({
  metadata: { namespace: 'default', name: `web${index}` },
  spec: { type: 'LoadBalancer', ...spec },
  status: {
    loadBalancer: { ingress: families.map(family => ({ ip: `${pools[family]}${index}`, ipMode: 'VIP' })) },
  },
})

const slice = (family: IPFamily, nodeNames: readonly string[], conditions = {}): EndpointSlice => ({
  metadata: {},
  addressType: family,
  endpoints: nodeNames.map(nodeName => ({ addresses: [], nodeName, conditions })),
})

const holders = (
  state: { services: Service[]; nodes: Node[]; slices?: EndpointSlice[] },
  names = ['node1', 'node2', 'node3'],
) => {
  const found = names.map(name => [
    name,
    planAnnouncements(name, { ...state, slicesOf: () => state.slices ?? [] }),
  ])
  return Object.fromEntries(found) as Record<string, string[]>
}

test('every candidate elects the same, whatever their order', () => {
  expect(elect('172.30.255.1', [])).toBeUndefined()
  expect(elect('172.30.255.1', ['a', 'b', 'c'])).toBe(elect('172.30.255.1', ['c', 'b', 'a']))
})

test('when a node goes, only its addresses move', () => {
  const addresses = Array.from({ length: 100 }, (_, index) => `172.30.255.${index}`)
  const moved = addresses.filter(address => elect(address, ['a', 'b', 'c']) !== elect(address, ['a', 'b']))
  expect(moved).toEqual(addresses.filter(address => elect(address, ['a', 'b', 'c']) === 'c'))
  expect(moved.length).toBeGreaterThan(15)
})

describe.each(familyOrders.map(families => ({ families })))('families $families', ({ families }) => {
  const three = [1, 2, 3].map(index => node(index, families))

  test('each address has one holder', () => {
    const all = [1, 2, 3, 4, 5, 6].map(index => service(index, families))
    const held = holders({ services: all, nodes: three })
    const expected = all.flatMap(one => one.status!.loadBalancer!.ingress!.map(({ ip }) => ip))
    expect(Object.values(held).flat().sort()).toEqual(expected.sort())
  })

  test('with Local, only nodes with a ready endpoint of the family hold it', () => {
    const local = service(1, families, { externalTrafficPolicy: 'Local' })
    const slices = families.map(family => slice(family, ['node2'], { ready: true }))
    expect(holders({ services: [local], nodes: three, slices })).toEqual({
      node1: [],
      node2: families.map(family => `${pools[family]}1`).sort(),
      node3: [],
    })
  })
})

describe('who does not come into question', () => {
  const address = '172.30.255.1'
  const one = service(1, ['IPv4'])

  test.each<[string, Node]>([
    ['a node that is not ready', node(1, ['IPv4'], { ready: 'Unknown' })],
    [
      'a node that is excluded',
      node(1, ['IPv4'], { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }),
    ],
    ['a node without an address of the family', node(1, ['IPv6'])],
    [
      'a node that is being deleted',
      { ...node(1, ['IPv4']), metadata: { name: 'node1', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    ],
  ])('%s', (_, excluded) => {
    expect(holders({ services: [one], nodes: [excluded] }).node1).toEqual([])
    expect(holders({ services: [one], nodes: [excluded, node(2, ['IPv4'])] }).node2).toEqual([address])
  })

  test('a Service of another type, and an address that something else answers for', () => {
    const proxied: Service = {
      ...one,
      status: { loadBalancer: { ingress: [{ ip: address, ipMode: 'Proxy' }] } },
    }
    const plain = service(1, ['IPv4'], { type: 'ClusterIP' })
    expect(holders({ services: [proxied, plain], nodes: [node(1, ['IPv4'])] }).node1).toEqual([])
  })

  test('with Local, endpoints that end count only while none is ready', () => {
    const local = service(1, ['IPv4'], { externalTrafficPolicy: 'Local' })
    const both = [node(1, ['IPv4']), node(2, ['IPv4'])]
    const ending = slice('IPv4', ['node1'], { ready: false, serving: true, terminating: true })
    const ready = slice('IPv4', ['node2'], { ready: true, serving: true })
    expect(holders({ services: [local], nodes: both, slices: [ending] }).node1).toEqual([address])
    expect(holders({ services: [local], nodes: both, slices: [ending, ready] }).node2).toEqual([address])
    expect(Object.values(holders({ services: [local], nodes: both })).flat()).toEqual([])
  })
})

let clean: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const one of clean.splice(0).reverse()) await one()
  clean = []
})

/** A link with an address of its own. */
function playLink() {
  const held = new Map<string, number>()
  const exec = new FakeExec({
    ip: (args, { input = '' }) => {
      if (args.includes('link'))
        return args[0] === '-json' ? JSON.stringify([{ address: '02:00:00:00:00:01' }]) : ''
      if (args[0] === '-json') {
        const deprecated = [...held].map(([local, prefixlen]) => ({ local, prefixlen, deprecated: true }))
        return JSON.stringify([{ addr_info: [{ local: '172.30.0.1', prefixlen: 24 }, ...deprecated] }])
      }
      if (args[1] === 'delete') held.delete(args[2]!.split('/')[0]!)
      for (const line of String(input).split('\n').filter(Boolean)) {
        const [address, length] = line.split(' ')[2]!.split('/')
        held.set(address!, Number(length))
      }
      return ''
    },
  })
  return { exec, held }
}

test('addresses come and go with Services and nodes, and neighbours are told', async () => {
  const { server, clock } = await openTestServer()
  const client = new Client(server.transport(admin))
  const informers = new Informers({ client, clock })
  const { exec, held } = playLink()
  held.set('172.30.255.77', 32)
  const nft = new FakeNft()
  const speaker = new LoadBalancerSpeaker({ informers, clock, exec, nft, nodeName: 'node1', link: 'eth0' })
  clean.push(
    () => server.close(),
    () => informers.stop(),
    () => speaker.stop(),
  )
  const settle = async (passMs = 20) => {
    for (let turn = 0; turn < 30; turn++) await new Promise(resolve => setImmediate(resolve))
    await clock.advance(passMs)
    for (let turn = 0; turn < 30; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  const create = async (object: Node) => {
    const created = await client.create(nodes, object)
    await client.updateStatus(nodes, { ...created, status: object.status! })
  }
  await create(node(1, ['IPv4', 'IPv6']))
  await speaker.start()
  expect([...held]).toEqual([])

  const ports = [{ port: 80 }]
  const created = await client.create(services, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { type: 'LoadBalancer', ports, ipFamilyPolicy: 'RequireDualStack' },
  })
  const ingress = [
    { ip: '172.30.255.1', ipMode: 'VIP' },
    { ip: 'fd00:30:255::1', ipMode: 'VIP' },
  ]
  await client.updateStatus(services, { ...created, status: { loadBalancer: { ingress } } })
  await settle()
  expect([...held]).toEqual([
    ['172.30.255.1', 32],
    ['fd00:30:255::1', 128],
  ])
  expect(nft.elements(loadBalancerTable, 'held-IPv6')).toEqual(['fd00:30:255::1'])
  const told = () => exec.commands.filter(line => line.startsWith('ip link set dev eth0 address')).length
  expect(told()).toBe(1)
  await settle(5000)
  expect(told()).toBe(3)

  const { status } = await client.get(nodes, { name: 'node1' })
  const conditions = [{ type: 'Ready', status: 'False' }]
  await client.updateStatus(nodes, {
    ...(await client.get(nodes, { name: 'node1' })),
    status: { ...status, conditions },
  })
  await settle()
  expect([...held]).toEqual([])
  await speaker.stop()
  held.set('172.30.255.1', 32)
  await speaker.cleanup()
  expect([...held]).toEqual([])
  expect([...nft.tables.keys()]).toEqual([])
})
