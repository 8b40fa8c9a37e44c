import { expect, test } from 'vitest'
import type { Endpoints } from '../api/generated/types.ts'
import { endpointSliceMirroringController, isMirrored, planMirror } from './endpointslicemirroring.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { endpointSlices, endpoints, services } from './resources.ts'

const target = { namespace, name: 'db' }
const object = (addresses: string[], notReady: string[] = []): Endpoints => ({
  metadata: { ...target, labels: { app: 'db' } },
  subsets: [
    {
      addresses: addresses.map(ip => ({ ip })),
      notReadyAddresses: notReady.map(ip => ({ ip })),
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    },
  ],
})

test('Endpoints written by hand are copied, one slice per family, and follow them', async () => {
  const world = await startControllers([endpointSliceMirroringController])
  await world.client.create(services, { metadata: target, spec: { ports: [{ name: 'sql', port: 5432 }] } })
  const created = await world.client.create(endpoints, object(['192.0.2.1', '2001:db8::1'], ['192.0.2.2']))
  await world.settle()
  const slices = async () =>
    Object.fromEntries(
      (await world.list(endpointSlices)).map(slice => [
        slice.addressType,
        slice.endpoints?.map(({ addresses, conditions }) => [addresses[0], conditions?.ready]),
      ]),
    )
  expect(await slices()).toEqual({
    IPv4: [
      ['192.0.2.1', true],
      ['192.0.2.2', false],
    ],
    IPv6: [['2001:db8::1', true]],
  })
  const [slice] = await world.list(endpointSlices)
  expect(slice?.metadata.labels).toEqual({
    app: 'db',
    'kubernetes.io/service-name': 'db',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  expect(slice?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Endpoints', uid: created.metadata.uid })
  await world.client.update(endpoints, { ...created, subsets: object(['192.0.2.9']).subsets! })
  await world.settle()
  expect(await slices()).toEqual({ IPv4: [['192.0.2.9', true]] })
  await world.client.delete(endpoints, target)
  await world.settle()
  expect(await slices()).toEqual({})
  expect(world.problems).toEqual([])
})

test('Those of a Service with a selector, or that ask not to be, are not copied', () => {
  const bare = { metadata: target, spec: {} }
  expect(isMirrored(object([]), bare)).toBe(true)
  expect(isMirrored(object([]), undefined)).toBe(false)
  expect(isMirrored(object([]), { metadata: target, spec: { selector: { app: 'db' } } })).toBe(false)
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' }
  expect(isMirrored({ metadata: { ...target, labels } }, bare)).toBe(false)
  const annotations = { 'control-plane.alpha.kubernetes.io/leader': '{}' }
  expect(isMirrored({ metadata: { ...target, annotations } }, bare)).toBe(false)
})

test('No slice has more than a hundred endpoints, and no subset more than a thousand', () => {
  const many = Array.from({ length: 1250 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  const sizes = planMirror(object(many)).map(slice => slice.endpoints?.length)
  expect(sizes).toEqual(Array(10).fill(100))
})
