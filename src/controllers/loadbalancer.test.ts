import { describe, expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../api/generated/types.ts'
import { startControllers } from './liveserver.fake.ts'
import { assignAddresses, isBalanced, LoadBalancerPools, loadBalancerController } from './loadbalancer.ts'
import { ControllerManager } from './manager.ts'
import { services } from './resources.ts'

const both = ['192.0.2.0/29', 'fd00:5::/125']
const balanced = (spec: ServiceSpec = {}, name = 'web'): Service => ({
  metadata: { name, namespace: 'ns' },
  spec: {
    type: 'LoadBalancer',
    ports: [{ port: 80 }],
    ipFamilies: ['IPv6', 'IPv4'],
    ipFamilyPolicy: 'RequireDualStack',
    ...spec,
  },
})

describe('assignAddresses', () => {
  test.each<[string[], ServiceSpec, object]>([
    [both, {}, { addresses: ['fd00:5::1', '192.0.2.1'] }],
    [both, { ipFamilies: ['IPv4', 'IPv6'] }, { addresses: ['192.0.2.1', 'fd00:5::1'] }],
    [both, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }, { addresses: ['192.0.2.1'] }],
    [['192.0.2.0/29'], { ipFamilyPolicy: 'PreferDualStack' }, { addresses: ['192.0.2.1'] }],
    [['192.0.2.0/29'], {}, { problem: 'the IPv6 pool does not exist' }],
    [
      ['192.0.2.0/29'],
      { ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' },
      { problem: 'the IPv6 pool does not exist' },
    ],
    [both, { loadBalancerIP: '192.0.2.5' }, { addresses: ['fd00:5::1', '192.0.2.5'] }],
    [
      both,
      { loadBalancerIP: '198.51.100.1' },
      { problem: 'the requested address 198.51.100.1 is taken or in none of the pools' },
    ],
    [both, { ipFamilies: [] }, { problem: 'it has no families' }],
  ])('From %j, %j gets %j', (ranges, spec, expected) => {
    const pools = new LoadBalancerPools(ranges)
    expect(assignAddresses(balanced(spec), pools)).toEqual(expected)
    if ('problem' in expected) expect(pools.heldBy('ns/web')).toEqual([])
  })

  test('What it has it keeps, and a family that it gives up is released', () => {
    const pools = new LoadBalancerPools(both)
    const first = assignAddresses(balanced(), pools)
    expect(assignAddresses(balanced(), pools)).toEqual(first)
    const single = balanced({ ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' })
    expect(assignAddresses(single, pools)).toEqual({ addresses: ['fd00:5::1'] })
    expect(pools.heldBy('ns/web')).toEqual(['fd00:5::1'])
  })

  test('A full pool says so, and the next range of the family is used first', () => {
    const pools = new LoadBalancerPools(['192.0.2.0/30', '198.51.100.0/30'])
    const next = (name: string) => assignAddresses(balanced({ ipFamilies: ['IPv4'] }, name), pools)
    expect(['a', 'b', 'c', 'd'].map(next)).toEqual([
      { addresses: ['192.0.2.1'] },
      { addresses: ['192.0.2.2'] },
      { addresses: ['198.51.100.1'] },
      { addresses: ['198.51.100.2'] },
    ])
    expect(next('e')).toEqual({ problem: 'the IPv4 pool is full' })
  })

  test('Those of a class, and those going away, are not served', () => {
    expect(isBalanced(balanced())).toBe(true)
    expect(isBalanced(balanced({ loadBalancerClass: 'example.com/lb' }))).toBe(false)
    expect(isBalanced({ ...balanced(), metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })).toBe(false)
  })
})

describe('the controller', () => {
  const start = async (ranges: string[] = both) => {
    const world = await startControllers([loadBalancerController({ ranges })])
    const get = async (name = 'web') => world.client.get(services, { namespace: 'ns', name })
    const ips = async (name?: string) => (await get(name)).status?.loadBalancer?.ingress
    return { ...world, get, ips }
  }

  test('A load balancer gets its addresses and the finalizer', async () => {
    const { client, settle, get, events, manager } = await start()
    await client.create(services, balanced())
    await settle()
    const { metadata, status } = await get()
    expect(metadata.finalizers).toEqual(['service.kubernetes.io/load-balancer-cleanup'])
    expect(status?.loadBalancer?.ingress).toEqual([
      { ip: 'fd00:5::1', ipMode: 'VIP' },
      { ip: '192.0.2.1', ipMode: 'VIP' },
    ])
    expect(await events()).toEqual([
      'EnsuringLoadBalancer: Ensuring load balancer',
      'EnsuredLoadBalancer: Ensured load balancer',
    ])
    await manager.stop()
  })

  test('One that cannot have both waits, says why once, and gets them when they are free', async () => {
    const { client, clock, settle, get, ips, events, manager } = await start(['192.0.2.0/29', 'fd00:5::/127'])
    await client.create(services, balanced())
    await settle()
    await client.create(services, balanced({}, 'late'))
    await settle()
    await clock.advance(60_000)
    await settle()
    expect([await ips(), await ips('late')]).toEqual([expect.anything(), undefined])
    expect((await events()).filter(text => text.startsWith('SyncLoadBalancerFailed'))).toEqual([
      'SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: the IPv6 pool is full',
    ])
    expect((await get('late')).metadata.finalizers).toBeUndefined()
    await client.delete(services, { namespace: 'ns', name: 'web' })
    await settle()
    await clock.advance(30_000)
    await settle()
    expect(await ips('late')).toEqual([
      { ip: 'fd00:5::1', ipMode: 'VIP' },
      { ip: expect.stringContaining('192.0.2.'), ipMode: 'VIP' },
    ])
    await manager.stop()
  })

  test('A Service that is deleted or changes its type gives its addresses back', async () => {
    const { client, settle, get, ips, manager } = await start(['192.0.2.0/30'])
    const four = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }
    await client.create(services, balanced(four))
    await client.create(services, balanced(four, 'second'))
    await settle()
    await client.delete(services, { namespace: 'ns', name: 'web' })
    await settle()
    await expect(get()).rejects.toThrow('not found')
    const second = await get('second')
    await client.update(services, { ...second, status: {}, spec: { ...second.spec, type: 'ClusterIP' } })
    await settle()
    expect((await get('second')).metadata.finalizers ?? []).toEqual([])
    for (const name of ['third', 'fourth']) await client.create(services, balanced(four, name))
    await settle()
    const all = [...((await ips('third')) ?? []), ...((await ips('fourth')) ?? [])].map(({ ip }) => ip)
    expect(all.sort()).toEqual(['192.0.2.1', '192.0.2.2'])
    await manager.stop()
  })

  test('A Service of a class is left alone, and without ranges nothing happens', async () => {
    const { client, server, settle, manager } = await start()
    await client.create(services, balanced({ loadBalancerClass: 'example.com/lb' }))
    await settle()
    expect(server.requests).toEqual(['POST /api/v1/namespaces/ns/services'])
    await manager.stop()
    const bare = await start([])
    await bare.client.create(services, balanced())
    await bare.settle()
    expect(bare.server.requests).toHaveLength(1)
    await bare.manager.stop()
  })

  test('Addresses that are in use when it starts stay where they are', async () => {
    const ranges = ['192.0.2.0/29']
    const { client, clock, settle, ips, manager } = await start(ranges)
    const four = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }
    for (const name of ['first', 'old']) await client.create(services, balanced(four, name))
    await settle()
    await manager.stop()
    const again = new ControllerManager({ client, clock, controllers: [loadBalancerController({ ranges })] })
    await again.start()
    await client.create(services, balanced(four, 'new'))
    await settle()
    const held = [await ips('first'), await ips('old'), await ips('new')].map(list => list?.[0]?.ip)
    expect(held).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    await again.stop()
  })
})
