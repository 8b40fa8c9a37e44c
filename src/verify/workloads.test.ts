import { expect, test } from 'vitest'
import type { EndpointSlice, Pod } from '../api/generated/types.ts'
import { healthyPod, healthyService, podAddress } from './objects.fake.ts'
import { backendsOf, lonePodsOf } from './workloads.ts'

const slice = (name: string, port: number, protocol = 'TCP'): EndpointSlice => ({
  metadata: { name: `${name}-x`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv6',
  endpoints: [{ addresses: [podAddress.IPv6(1)] }],
  ports: [{ port, protocol }],
})
const addresses = { IPv4: '10.244.1.7', IPv6: 'fd00:10:244:1::7' }

test('A dual-stack Service is asked through one of its ready Pods, on its TCP ports', () => {
  const pods = [healthyPod(1, ['IPv4', 'IPv6'])]
  const services = [
    healthyService('web', ['IPv4', 'IPv6']),
    healthyService('dns', ['IPv6', 'IPv4']),
    healthyService('old', ['IPv6']),
  ]
  const slices = [slice('web', 8080), slice('dns', 53, 'UDP'), slice('old', 80)]
  expect(backendsOf({ services, slices, pods })).toEqual([{ name: 'default/web', port: 8080, addresses }])
  expect(backendsOf({ services, slices, pods: [healthyPod(1, ['IPv6'])] })).toEqual([])
})

test('A ready Pod behind no dual-stack Service is asked on the port that it names', () => {
  const withPort = (containers: object): Pod =>
    healthyPod(1, ['IPv4', 'IPv6'], { containers: [containers as never] })
  const named = withPort({
    name: 'c',
    ports: [
      { name: 'metrics', containerPort: 9100 },
      { name: 'web', containerPort: 80 },
    ],
  })
  const probed = withPort({
    name: 'c',
    ports: [{ name: 'web', containerPort: 80 }],
    readinessProbe: { tcpSocket: { port: 81 } },
  })
  const byName = withPort({
    name: 'c',
    ports: [
      { name: 'metrics', containerPort: 9100 },
      { name: 'web', containerPort: 80 },
    ],
    readinessProbe: { httpGet: { port: 'web' } },
  })
  const udp = withPort({ name: 'c', ports: [{ containerPort: 53, protocol: 'UDP' }] })
  const ports = [named, probed, byName, udp].map(pod => lonePodsOf({ services: [], pods: [pod] })[0]?.port)
  expect(ports).toEqual([9100, 81, 80, undefined])
  const services = [healthyService('web', ['IPv4', 'IPv6'])]
  expect(lonePodsOf({ services, pods: [named] })).toEqual([])
  expect(lonePodsOf({ services: [healthyService('web', ['IPv4'])], pods: [named] })).toHaveLength(1)
})
