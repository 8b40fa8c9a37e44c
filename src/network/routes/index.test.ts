// Routes to other nodes: the decisions as values, and the component over a real API server and iproute2's
// part played by a table.
import { expect, test } from 'vitest'
import type { Node } from '../../api/generated/types.ts'
import { nodes } from '../../api/resources/core/node.ts'
import { admin, openTestServer } from '../../apiserver/apiserver.fake.ts'
import { Client } from '../../client/client.ts'
import { Informers } from '../../client/informers.ts'
import { silentLogger } from '../../component/log.ts'
import { FakeExec } from '../../host/exec.fake.ts'
import { familyOrders, type IPFamilies, type IPFamily } from '../../ip/family.ts'
import { planChanges, planRoutes } from './plan.ts'
import { NodeRoutes, type NodeRoutesOptions } from './routes.ts'

const addresses: Record<IPFamily, string> = { IPv4: '172.30.0.', IPv6: 'fd00:30::' }
const range = (family: IPFamily, index: number) =>
  ({ IPv4: `10.244.${index}.0/24`, IPv6: `fd00:10:244:${index}::/64` })[family]

const node = (index: number, families: IPFamilies, withAddresses = families): Node => ({
  metadata: { name: `node${index}` },
  spec: { podCIDRs: families.map(family => range(family, index)) },
  status: {
    addresses: [
      { type: 'Hostname', address: `node${index}` },
      ...withAddresses.map(family => ({ type: 'InternalIP', address: `${addresses[family]}${index}` })),
    ],
  },
})

test.each(familyOrders)('every range of other nodes is reached over its own family: %s %s', (...families) => {
  const present = families.filter(family => family !== undefined)
  const plan = planRoutes([node(1, present), node(2, present), node(3, present)], 'node1')
  expect(plan).toEqual({
    routes: [2, 3].flatMap(index =>
      present.map(family => ({
        destination: range(family, index),
        via: `${addresses[family]}${index}`,
        protocol: '102',
      })),
    ),
    unreachable: [],
  })
})

test('a range of a family in which its node has no address cannot be reached', () => {
  expect(planRoutes([node(2, ['IPv4', 'IPv6'], ['IPv4'])], 'node1')).toEqual({
    routes: [{ destination: '10.244.2.0/24', via: '172.30.0.2', protocol: '102' }],
    unreachable: [{ node: 'node2', family: 'IPv6' }],
  })
})

test('a node without ranges has no routes', () => {
  expect(planRoutes([{ metadata: { name: 'node2' } }], 'node1')).toEqual({ routes: [], unreachable: [] })
})

test('only differences are changes', () => {
  const route = (destination: string, via: string) => ({ destination, via })
  expect(
    planChanges(
      [route('10.244.2.0/24', 'a'), route('10.244.3.0/24', 'b'), route('10.244.4.0/24', 'c')],
      [route('10.244.2.0/24', 'a'), route('10.244.3.0/24', 'z'), route('10.244.5.0/24', 'd')],
    ),
  ).toEqual({
    replace: [route('10.244.3.0/24', 'z'), route('10.244.5.0/24', 'd')],
    remove: [route('10.244.4.0/24', 'c')],
  })
})

/** A kernel's table of our routes, as far as the commands go. */
function routeTable() {
  const routes = new Map<string, string>()
  const isV6 = (text: string) => text.includes(':')
  const exec = new FakeExec({
    ip: (args, { input = '' }) => {
      if (args[0] === '-json') {
        const found = [...routes].filter(([dst]) => isV6(dst) === (args[1] === '-6'))
        return JSON.stringify(found.map(([dst, gateway]) => ({ dst, gateway, dev: 'eth0' })))
      }
      if (args[1] === 'delete') routes.delete(args[2]!)
      for (const line of String(input).split('\n').filter(Boolean)) {
        const words = line.split(' ')
        if (words.includes('192.0.2.9')) return { exitCode: 2, stderr: 'Nexthop has invalid gateway.' }
        routes.set(words[2]!, words[4]!)
      }
      return ''
    },
  })
  return { exec, routes }
}

async function startRoutes(options: Partial<NodeRoutesOptions> = {}) {
  const { server, clock } = await openTestServer()
  const client = new Client(server.transport(admin))
  const informers = new Informers({ client, clock })
  const { exec, routes } = routeTable()
  const warnings: string[] = []
  const log = {
    ...silentLogger,
    warn: (text: string, fields: object = {}) => warnings.push(`${text} ${JSON.stringify(fields)}`),
  }
  const component = new NodeRoutes({
    informers,
    clock,
    exec,
    nodeName: 'node1',
    ...options,
    log: { ...log, child: () => log },
  })
  const create = async (object: Node) => {
    const { status = {} } = object
    const created = await client.create(nodes, object)
    await client.updateStatus(nodes, { ...created, status })
  }
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    await clock.advance(20)
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  const stop = async () => {
    await component.stop()
    await informers.stop()
    await server.close()
  }
  return { client, clock, component, create, exec, routes, settle, stop, warnings }
}

test('routes follow the nodes as they come, change and go', async () => {
  const world = await startRoutes()
  await world.create(node(1, ['IPv4', 'IPv6']))
  await world.create(node(2, ['IPv4', 'IPv6']))
  await world.component.start()
  const second = [
    ['10.244.2.0/24', '172.30.0.2'],
    ['fd00:10:244:2::/64', 'fd00:30::2'],
  ]
  expect([...world.routes]).toEqual(second)
  await world.create(node(3, ['IPv6', 'IPv4']))
  await world.settle()
  expect([...world.routes]).toEqual([
    ...second,
    ['fd00:10:244:3::/64', 'fd00:30::3'],
    ['10.244.3.0/24', '172.30.0.3'],
  ])
  await world.client.delete(nodes, { name: 'node3' })
  await world.settle()
  expect([...world.routes]).toEqual(second)
  world.routes.delete('10.244.2.0/24')
  await world.clock.advance(30_000)
  await world.settle()
  expect(world.routes.get('10.244.2.0/24')).toBe('172.30.0.2')
  await world.component.cleanup()
  expect([...world.routes]).toEqual([])
  await world.stop()
})

test('on a host with several clusters only routes into the own ranges are touched', async () => {
  const world = await startRoutes({ within: ['10.244.0.0/16', 'fd00:10:244::/56'] })
  world.routes.set('10.245.0.0/24', '172.21.0.4')
  world.routes.set('fd00:10:244:7::/64', 'fd00:30::9')
  await world.create(node(2, ['IPv4']))
  await world.component.start()
  const others = ['10.245.0.0/24', '172.21.0.4']
  expect([...world.routes]).toEqual([others, ['10.244.2.0/24', '172.30.0.2']])
  await world.component.cleanup()
  expect([...world.routes]).toEqual([others])
  await world.stop()
})

test('nodes that are no neighbours are left to the default route', async () => {
  const world = await startRoutes({ neighbours: ['172.30.0.0/30', 'fd00:30::/126'] })
  await world.create(node(2, ['IPv4', 'IPv6']))
  await world.create(node(7, ['IPv4', 'IPv6']))
  await world.component.start()
  expect([...world.routes]).toEqual([
    ['10.244.2.0/24', '172.30.0.2'],
    ['fd00:10:244:2::/64', 'fd00:30::2'],
  ])
  await world.stop()
})

test('a route that the kernel refuses keeps no other from being made', async () => {
  const world = await startRoutes()
  await world.component.start()
  const bad = node(2, ['IPv4'])
  await world.create({ ...bad, status: { addresses: [{ type: 'InternalIP', address: '192.0.2.9' }] } })
  await world.create(node(3, ['IPv4']))
  await world.settle()
  expect([...world.routes]).toEqual([['10.244.3.0/24', '172.30.0.3']])
  await world.stop()
})

test('a node without an address of a family is told once', async () => {
  const world = await startRoutes()
  await world.component.start()
  await world.create(node(2, ['IPv4', 'IPv6'], ['IPv4']))
  await world.settle()
  await world.create(node(3, ['IPv4']))
  await world.settle()
  const told = 'a node has Pods of a family, but no InternalIP of it {"node":"node2","family":"IPv6"}'
  expect(world.warnings.filter(text => text === told)).toHaveLength(1)
  await world.stop()
})
