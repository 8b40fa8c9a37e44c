import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice, Service } from '../api/generated/types.ts'
import { familyOrders } from '../ip/family.ts'
import { planSlices } from './endpointsliceplan.ts'

const service: Service = {
  metadata: { name: 'web', namespace: 'ns', uid: 'svc', labels: { app: 'web' } },
  spec: { clusterIPs: ['10.96.0.9'], ipFamilies: ['IPv4'] },
}
const ports = [{ name: '', port: 80, protocol: 'TCP' }]
const endpoint = (number: number): Endpoint => ({
  addresses: [`10.0.${number >> 8}.${number & 255}`],
  conditions: { ready: true },
  targetRef: { kind: 'Pod', namespace: 'ns', name: `p${number}`, uid: `u${number}` },
})
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => endpoint(from + i))
const labels = {
  app: 'web',
  'kubernetes.io/service-name': 'web',
  'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
}
const owner = {
  apiVersion: 'v1',
  kind: 'Service',
  name: 'web',
  uid: 'svc',
  controller: true,
  blockOwnerDeletion: true,
}
const slice = (name: string, endpoints: Endpoint[]): EndpointSlice => ({
  metadata: { name, namespace: 'ns', labels, ownerReferences: [owner] },
  addressType: 'IPv4',
  ports,
  endpoints,
})
const plan = (endpoints: Endpoint[], existing: EndpointSlice[]) => {
  const groups = endpoints.length > 0 ? [{ ports, endpoints }] : []
  return planSlices(service, { family: 'IPv4', groups, existing })
}
const shape = ({ create, update, remove }: ReturnType<typeof plan>) => ({
  create: create.map(({ endpoints }) => endpoints?.length),
  update: Object.fromEntries(update.map(({ metadata, endpoints }) => [metadata.name, endpoints?.length])),
  remove: remove.map(({ metadata }) => metadata.name),
})

test('A Service without endpoints has one empty slice per family', () => {
  for (const family of familyOrders.flat()) {
    const { create } = planSlices(service, { family, groups: [], existing: [] })
    expect(create).toEqual([
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { generateName: 'web-', namespace: 'ns', labels, ownerReferences: [owner] },
        addressType: family,
        ports: [],
        endpoints: [],
      },
    ])
  }
})

test('The empty slice of a Service without endpoints is left alone', () => {
  const empty = { ...slice('a', []), ports: [] }
  expect(shape(plan([], [empty]))).toEqual({ create: [], update: {}, remove: [] })
  expect(shape(plan(range(0, 1), [empty]))).toEqual({ create: [], update: { a: 1 }, remove: [] })
})

test('Endpoints are packed by the hundred', () => {
  expect(shape(plan(range(0, 250), []))).toEqual({ create: [100, 100, 50], update: {}, remove: [] })
})

test('What is already right is left alone', () => {
  const existing = [slice('a', range(0, 100)), slice('b', range(100, 120))]
  expect(shape(plan(range(0, 120), existing))).toEqual({ create: [], update: {}, remove: [] })
})

test('New endpoints go into slices that change anyway, then into the fullest that has room', () => {
  const existing = [slice('a', range(0, 50)), slice('b', range(50, 90))]
  expect(shape(plan([...range(1, 90), ...range(200, 210)], existing)).update).toEqual({ a: 59 })
  expect(shape(plan(range(0, 100), existing)).update).toEqual({ a: 60 })
  expect(shape(plan(range(0, 170), existing))).toEqual({ create: [80], update: {}, remove: [] })
})

test('A slice that lost all its endpoints is removed, the last one is emptied', () => {
  const existing = [slice('a', range(0, 50)), slice('b', range(50, 60))]
  expect(shape(plan(range(0, 50), existing))).toEqual({ create: [], update: {}, remove: ['b'] })
  expect(shape(plan([], existing))).toEqual({ create: [], update: { a: 0 }, remove: ['b'] })
})

test('A change of an endpoint, or of the labels, is an update', () => {
  const existing = [slice('a', range(0, 2))]
  const changed = [endpoint(0), { ...endpoint(1), conditions: { ready: false } }]
  expect(plan(changed, existing).update[0]?.endpoints).toEqual(changed)
  const unlabelled = { ...existing[0]!, metadata: { ...existing[0]!.metadata, labels: {} } }
  expect(plan(range(0, 2), [unlabelled]).update[0]?.metadata.labels).toEqual(labels)
})

test('Slices of an earlier Service of the same name are removed, not reused', () => {
  const foreign = slice('a', range(0, 2))
  foreign.metadata.ownerReferences = [{ ...owner, uid: 'earlier' }]
  expect(shape(plan(range(0, 2), [foreign]))).toEqual({ create: [2], update: {}, remove: ['a'] })
})

test('Endpoints with different port numbers do not share a slice', () => {
  const groups = [
    { ports, endpoints: range(0, 1) },
    { ports: [{ name: '', port: 8080, protocol: 'TCP' }], endpoints: range(1, 2) },
  ]
  const { create } = planSlices(service, { family: 'IPv4', groups, existing: [] })
  expect(create.map(({ ports }) => ports?.[0]?.port)).toEqual([80, 8080])
})

test('The slices of a headless Service say so', () => {
  const headless = { ...service, spec: { clusterIPs: ['None'] } }
  const { create } = planSlices(headless, { family: 'IPv6', groups: [], existing: [] })
  expect(create[0]?.metadata.labels?.['service.kubernetes.io/headless']).toBe('')
})
