import { expect, test } from 'vitest'
import type { EndpointSubset, Pod, Service } from '../api/generated/types.ts'
import { endpointsController, planSubsets, truncate } from './endpoints.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { endpoints, services } from './resources.ts'

const service = (spec: Service['spec'] = {}): Service => ({
  metadata: { name: 'web', namespace, labels: { app: 'web' } },
  spec: {
    selector: { app: 'web' },
    clusterIPs: ['10.96.0.9'],
    ipFamilies: ['IPv4', 'IPv6'],
    ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
    ...spec,
  },
})
const pod = (name: string, ips: string[], isReady = true): Pod => ({
  metadata: { name, namespace, uid: name, labels: { app: 'web' } },
  spec: { nodeName: 'n1', containers: [] },
  status: {
    phase: 'Running',
    podIPs: ips.map(ip => ({ ip })),
    conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
  },
})

test('The addresses are those of the primary family, ready ones apart from the others', () => {
  const chosen = [
    pod('b', ['10.0.0.2', 'fd00::2']),
    pod('a', ['fd00::1', '10.0.0.1']),
    pod('c', ['10.0.0.3'], false),
  ]
  const address = (ip: string, name: string) => ({
    ip,
    nodeName: 'n1',
    targetRef: { kind: 'Pod', namespace, name, uid: name },
  })
  const ports = [{ port: 8080, protocol: 'TCP' }]
  expect(planSubsets(service(), chosen)).toEqual([
    {
      addresses: [address('10.0.0.1', 'a'), address('10.0.0.2', 'b')],
      notReadyAddresses: [address('10.0.0.3', 'c')],
      ports,
    },
  ])
  expect(planSubsets(service({ ipFamilies: ['IPv6', 'IPv4'] }), chosen)).toEqual([
    { addresses: [address('fd00::1', 'a'), address('fd00::2', 'b')], ports },
  ])
})

test('publishNotReadyAddresses makes all of them ready', () => {
  const subsets = planSubsets(service({ publishNotReadyAddresses: true }), [pod('a', ['10.0.0.1'], false)])
  expect(subsets[0]?.addresses?.length).toBe(1)
})

test('Finished Pods and Pods without an address are left out', () => {
  const finished = { ...pod('a', ['10.0.0.1']), status: { phase: 'Succeeded', podIPs: [{ ip: '10.0.0.1' }] } }
  expect(planSubsets(service(), [finished, pod('b', [])])).toEqual([])
})

test('A headless Service without ports has addresses only', () => {
  const headless = service({ clusterIPs: ['None'], ports: undefined })
  expect(planSubsets(headless, [pod('a', ['10.0.0.1'])])).toEqual([{ addresses: [expect.anything()] }])
})

test('Beyond a thousand addresses the rest is cut off, not ready ones first', () => {
  const list = (count: number) => Array.from({ length: count }, (_, i) => ({ ip: `10.0.0.${i}` }))
  const sizes = ({ subsets }: { subsets: EndpointSubset[] }) =>
    subsets.map(({ addresses, notReadyAddresses }) => [addresses?.length, notReadyAddresses?.length])
  expect(truncate([{ addresses: list(1000) }]).isTruncated).toBe(false)
  expect(sizes(truncate([{ addresses: list(900), notReadyAddresses: list(300) }]))).toEqual([[900, 100]])
  expect(sizes(truncate([{ addresses: list(900) }, { addresses: list(300) }]))).toEqual([
    [750, undefined],
    [250, undefined],
  ])
})

test('Endpoints have the labels and the fate of their Service', async () => {
  const world = await startControllers([endpointsController()])
  const { clusterIPs: _, ...spec } = service().spec ?? {}
  await world.client.create(services, { ...service(), spec: { ...spec, ipFamilyPolicy: 'PreferDualStack' } })
  await world.settle()
  const [found] = await world.list(endpoints)
  expect(found?.metadata).toMatchObject({
    name: 'web',
    labels: { app: 'web', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
    annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T12:00:00Z' },
  })
  await world.client.delete(endpoints, { namespace, name: 'web' })
  await world.settle()
  expect((await world.list(endpoints)).length).toBe(1)
  await world.client.delete(services, { namespace, name: 'web' })
  await world.settle()
  expect(await world.list(endpoints)).toEqual([])
  expect(world.problems).toEqual([])
})

test('Endpoints that somebody made for no Service are left alone', async () => {
  const world = await startControllers([endpointsController()])
  const own = { metadata: { namespace, name: 'own' }, subsets: [{ addresses: [{ ip: '192.0.2.7' }] }] }
  await world.client.create(endpoints, own)
  await world.settle()
  expect((await world.list(endpoints)).map(({ metadata }) => metadata.name)).toEqual(['own'])
  await world.client.create(services, { metadata: own.metadata, spec: { ports: [{ port: 80 }] } })
  await world.settle()
  await world.client.delete(services, { namespace, name: 'own' })
  await world.settle()
  expect(await world.list(endpoints)).toEqual([])
})
