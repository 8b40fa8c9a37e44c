import { describe, expect, test } from 'vitest'
import type { Pod, Service } from '../api/generated/types.ts'
import { familyOrders, type IPFamilies, type IPFamily } from '../ip/family.ts'
import { endpointSliceController, hintsFor } from './endpointslice.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { endpointSlices, nodes, pods, services } from './resources.ts'

const addresses = { IPv4: '10.244.0.5', IPv6: 'fd00:10:244::5' }

const service = (families: IPFamilies): Service => ({
  metadata: { name: 'web', namespace },
  spec: {
    selector: { app: 'web' },
    ipFamilies: [...families],
    ipFamilyPolicy: families.length > 1 ? 'RequireDualStack' : 'SingleStack',
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'web' }],
  },
})
const pod = (name: string, options: { families: IPFamilies; ready?: boolean }): Pod => ({
  metadata: { name, namespace, labels: { app: 'web' } },
  spec: {
    nodeName: 'n1',
    containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort: 8080, protocol: 'TCP' }] }],
  },
  status: {
    phase: 'Running',
    podIPs: options.families.map(family => ({ ip: addresses[family] })),
    conditions: [{ type: 'Ready', status: options.ready === false ? 'False' : 'True' }],
  },
})
async function start(families?: IPFamilies) {
  const world = await startControllers([endpointSliceController()], families)
  const labels = { 'topology.kubernetes.io/zone': 'z1' }
  await world.client.create(nodes, { metadata: { name: 'n1', labels } })
  const createPod = async (object: Pod) => {
    const { status } = object
    const created = await world.client.create(pods, object)
    return world.client.updateStatus(pods, { ...created, status })
  }
  return { ...world, createPod }
}

describe.each(familyOrders)('with %s %s', (...order) => {
  const families = order.filter(family => family !== undefined)

  test('there is one slice per family of the Service, with the addresses of that family', async () => {
    const world = await start(families)
    await world.createPod(pod('p', { families }))
    await world.client.create(services, service(families))
    await world.settle()
    const slices = await world.list(endpointSlices)
    const order = slices.sort(
      (a, b) => families.indexOf(a.addressType as IPFamily) - families.indexOf(b.addressType as IPFamily),
    )
    const found = order.map(slice => [slice.addressType, slice.endpoints?.map(({ addresses }) => addresses)])
    expect(found).toEqual(families.map(family => [family, [[addresses[family]]]]))
    expect(slices[0]).toMatchObject({
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'n1',
          zone: 'z1',
          targetRef: { kind: 'Pod', namespace, name: 'p' },
        },
      ],
    })
    expect(slices[0]?.endpoints?.[0]?.targetRef?.resourceVersion).toBeUndefined()
    expect(world.problems).toEqual([])
  })
})

test('A Service that becomes dual-stack gains a slice, one that stops being so loses it', async () => {
  const world = await start()
  await world.createPod(pod('p', { families: ['IPv4', 'IPv6'] }))
  await world.client.create(services, service(['IPv6']))
  await world.settle()
  const types = async () => (await world.list(endpointSlices)).map(slice => slice.addressType).sort()
  const target = { namespace, name: 'web' }
  await world.client.patch(services, target, {
    spec: { ipFamilyPolicy: 'RequireDualStack' },
  })
  await world.settle()
  expect(await types()).toEqual(['IPv4', 'IPv6'])
  await world.client.patch(services, target, { spec: { ipFamilyPolicy: 'SingleStack' } })
  await world.settle()
  expect(await types()).toEqual(['IPv6'])
})

test('A single-stack Pod is in the slice of its family only', async () => {
  const world = await start()
  await world.createPod(pod('p', { families: ['IPv6'] }))
  await world.client.create(services, service(['IPv4', 'IPv6']))
  await world.settle()
  const slices = await world.list(endpointSlices)
  const sizes = Object.fromEntries(slices.map(slice => [slice.addressType, slice.endpoints?.length]))
  expect(sizes).toEqual({ IPv4: 0, IPv6: 1 })
})

test('Readiness and termination show in the conditions', async () => {
  const world = await start()
  const created = await world.createPod(pod('p', { families: ['IPv4'], ready: false }))
  await world.client.create(services, service(['IPv4']))
  await world.settle()
  const conditions = async () => (await world.list(endpointSlices))[0]?.endpoints?.[0]?.conditions
  expect(await conditions()).toEqual({ ready: false, serving: false, terminating: false })
  const status = { ...created.status, conditions: [{ type: 'Ready', status: 'True' }] }
  await world.client.updateStatus(pods, { ...created, status })
  await world.settle()
  expect(await conditions()).toEqual({ ready: true, serving: true, terminating: false })
  const target = { namespace, name: 'p' }
  await world.client.patch(pods, target, { metadata: { finalizers: ['x/stay'] } })
  await world.client.delete(pods, target)
  await world.settle()
  expect(await conditions()).toEqual({ ready: false, serving: true, terminating: true })
  await world.client.patch(pods, target, { metadata: { finalizers: null } })
  await world.client.delete(pods, target, { gracePeriodSeconds: 0 })
  await world.settle()
  expect((await world.list(endpointSlices))[0]?.endpoints).toEqual([])
})

test.each<[string | undefined, boolean, object | undefined]>([
  [undefined, true, undefined],
  ['PreferClose', true, { forZones: [{ name: 'z1' }] }],
  ['PreferSameZone', true, { forZones: [{ name: 'z1' }] }],
  ['PreferSameNode', true, { forZones: [{ name: 'z1' }], forNodes: [{ name: 'n1' }] }],
  ['PreferSameNode', false, undefined],
])('With trafficDistribution %s an endpoint whose readiness is %s has the hints %j', async (...row) => {
  const [trafficDistribution, ready, hints] = row
  const world = await start()
  await world.createPod(pod('p', { families: ['IPv4'], ready }))
  const wanted = service(['IPv4'])
  await world.client.create(services, {
    ...wanted,
    spec: { ...wanted.spec, ...(trafficDistribution ? { trafficDistribution } : {}) },
  })
  await world.settle()
  expect((await world.list(endpointSlices))[0]?.endpoints?.[0]?.hints).toEqual(hints)
})

test('Without a zone there is nothing to hint at', () => {
  const asked = { ...service(['IPv4']), spec: { trafficDistribution: 'PreferClose' } }
  expect(hintsFor(asked, { ready: true, zone: undefined, nodeName: 'n1' })).toBeUndefined()
})

test('A Pod without a known node waits until the node is known', async () => {
  const world = await start()
  const object = pod('p', { families: ['IPv4'] })
  await world.createPod({ ...object, spec: { ...object.spec!, nodeName: 'n2' } })
  await world.client.create(services, service(['IPv4']))
  await world.settle()
  expect((await world.list(endpointSlices))[0]?.endpoints).toEqual([])
  await world.client.create(nodes, { metadata: { name: 'n2' } })
  await world.clock.advance(1000)
  await world.settle()
  expect((await world.list(endpointSlices))[0]?.endpoints?.length).toBe(1)
})

test('A headless Service names the Pods that choose it as their subdomain', async () => {
  const world = await start()
  const object = pod('p', { families: ['IPv4'] })
  await world.createPod({ ...object, spec: { ...object.spec!, hostname: 'db-0', subdomain: 'web' } })
  const headless = { ...service(['IPv4']), spec: { ...service(['IPv4']).spec, clusterIP: 'None' } }
  await world.client.create(services, headless)
  await world.settle()
  const [slice] = await world.list(endpointSlices)
  expect(slice?.endpoints?.[0]?.hostname).toBe('db-0')
  expect(slice?.metadata.labels?.['service.kubernetes.io/headless']).toBe('')
})

test('A Service without a selector is left to others, and what does not matter causes no write', async () => {
  const world = await start()
  const created = await world.createPod(pod('p', { families: ['IPv4'] }))
  const bare = service(['IPv4'])
  await world.client.create(services, { ...bare, spec: { ...bare.spec, selector: undefined } })
  await world.settle()
  expect(await world.list(endpointSlices)).toEqual([])
  await world.client.create(services, { ...bare, metadata: { name: 'other', namespace } })
  await world.settle()
  const before = world.server.requests.length
  await world.client.updateStatus(pods, { ...created, status: { ...created.status, message: 'x' } })
  await world.settle()
  expect(world.server.requests.length).toBe(before + 1)
})
