import { describe, expect, test } from 'vitest'
import { familyOrders } from '../ip/family.ts'
import { startControllers } from './liveserver.fake.ts'
import { NodeRanges, nodeIPAMController } from './nodeipam.ts'
import { nodes } from './resources.ts'

const clusterCIDRs = { IPv4: '10.244.0.0/16', IPv6: 'fd00:10:244::/56' }
const first = { IPv4: '10.244.0.0/24', IPv6: 'fd00:10:244::/64' }
const second = { IPv4: '10.244.1.0/24', IPv6: 'fd00:10:244:1::/64' }

describe.each(familyOrders)('with %s %s', (...order) => {
  const families = order.filter(family => family !== undefined)
  const options = { clusterCIDRs: families.map(family => clusterCIDRs[family]) }

  test('each node gets one range per family, in the order of the cluster', async () => {
    const world = await startControllers([nodeIPAMController(options)])
    for (const name of ['n1', 'n2']) await world.client.create(nodes, { metadata: { name } })
    await world.settle()
    const specs = (await world.list(nodes)).map(({ spec }) => spec)
    const both = [first, second].map(ranges => families.map(family => ranges[family]))
    expect(specs).toEqual(both.map(podCIDRs => ({ podCIDR: podCIDRs[0], podCIDRs })))
    expect(world.problems).toEqual([])
  })
})

test('Ranges that nodes have are kept, whatever the order in which the nodes are looked at', async () => {
  const ranges = new NodeRanges({ clusterCIDRs: ['10.244.0.0/23'] })
  ranges.adopt('old', ['10.244.0.0/24'])
  expect(ranges.allocate('new')).toEqual(['10.244.1.0/24'])
  expect(ranges.allocate('new')).toEqual(['10.244.1.0/24'])
  expect(ranges.allocate('third')).toBeUndefined()
  ranges.release('old')
  expect(ranges.allocate('third')).toEqual(['10.244.0.0/24'])
})

test('When one family is exhausted nothing is taken of the other', () => {
  const clusterCIDRs = ['10.244.0.0/24', 'fd00::/63']
  const ranges = new NodeRanges({ clusterCIDRs, maskSizes: { IPv4: 24, IPv6: 64 } })
  expect(ranges.allocate('a')).toEqual(['10.244.0.0/24', 'fd00::/64'])
  expect(ranges.allocate('b')).toBeUndefined()
  ranges.release('a')
  expect(ranges.allocate('b')?.length).toBe(2)
})

test('Ranges within the Services are not given out', () => {
  const ranges = new NodeRanges({ clusterCIDRs: ['10.0.0.0/22'], serviceCIDRs: ['10.0.0.0/23'] })
  expect(ranges.allocate('a')).toEqual(['10.0.2.0/24'])
  expect(ranges.allocate('b')).toEqual(['10.0.3.0/24'])
  expect(ranges.allocate('c')).toBeUndefined()
})

test('A node that cannot get a range is told so, and gets one when another node goes', async () => {
  const world = await startControllers([nodeIPAMController({ clusterCIDRs: ['10.0.0.0/24'] })])
  await world.client.create(nodes, { metadata: { name: 'n1' } })
  await world.settle()
  await world.client.create(nodes, { metadata: { name: 'n2' } })
  await world.settle()
  expect(await world.events()).toEqual(['CIDRNotAvailable: Node n2 status is now: CIDRNotAvailable'])
  await world.client.delete(nodes, { name: 'n1' })
  await world.clock.advance(10_000)
  await world.settle()
  expect((await world.list(nodes))[0]?.spec?.podCIDRs).toEqual(['10.0.0.0/24'])
})
