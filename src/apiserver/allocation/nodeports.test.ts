import { expect, test } from 'vitest'
import type { Service } from '../../api/generated/types.ts'
import { openFakeServices, refusal } from './services.fake.ts'

const ports = [{ port: 80 }]

const made = ({ spec }: Service) => spec?.ports?.map(({ nodePort }) => nodePort)
const pair = (nodePort?: number) => [
  { name: 'u', protocol: 'UDP', port: 53, ...(nodePort ? { nodePort } : {}) },
  { name: 't', protocol: 'TCP', port: 53 },
  { name: 'm', protocol: 'TCP', port: 9153 },
]

test('Protocols of one port share a node port', async () => {
  const services = await openFakeServices()
  expect(made(await services.create('a', { type: 'NodePort', ports: pair() }))).toEqual([30086, 30086, 30087])
  expect(made(await services.create('b', { type: 'NodePort', ports: pair(30001) }))).toEqual([
    30001, 30001, 30088,
  ])
})

test('Those that are taken or out of range are refused', async () => {
  const services = await openFakeServices()
  const asking = (nodePort: number) =>
    refusal(services.create(`p${nodePort}`, { type: 'NodePort', ports: [{ port: 80, nodePort }] }))
  expect(await asking(30001)).toBe('it was accepted')
  await expect(
    refusal(services.create('other', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })),
  ).resolves.toBe(
    '422 Service "other" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already ' +
      'allocated',
  )
  expect(await asking(80)).toBe(
    '422 Service "p80" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the ' +
      'valid range. The range of valid ports is 30000-32767',
  )
})

test('A load balancer without node ports keeps those that it names', async () => {
  const services = await openFakeServices()
  const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: pair(30005) }
  expect(made(await services.create('web', spec))).toEqual([30005, undefined, undefined])
})

test('Exchanging, adding and removing ports keeps the rest', async () => {
  const services = await openFakeServices()
  const two = [
    { name: 'a', port: 80 },
    { name: 'b', port: 81 },
  ]
  await services.create('web', { type: 'NodePort', ports: two })
  const swapped = await services.update('web', {
    type: 'NodePort',
    ports: [
      { name: 'a', port: 80, nodePort: 30087 },
      { name: 'c', port: 82 },
    ],
  })
  expect(made(swapped)).toEqual([30087, 30088])
  expect(await services.nodePorts()).toEqual([30087, 30088])
})

test('A small range is used up, then given back', async () => {
  const services = await openFakeServices({ nodePortRange: { first: 30000, last: 30001 } })
  const spec = { type: 'NodePort', ports }
  await services.create('a', spec)
  await services.create('b', spec)
  expect(await refusal(services.create('c', spec))).toBe(
    '500 Internal error occurred: failed to allocate a nodePort: range is full',
  )
  await services.delete('a')
  expect(made(await services.create('c', spec))).toEqual([30000])
})

test('A health check port may be asked for, and is given back with the policy', async () => {
  const services = await openFakeServices()
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports }
  const { spec } = await services.create('a', { ...local, healthCheckNodePort: 30005 })
  expect(spec?.healthCheckNodePort).toBe(30005)
  expect(await refusal(services.create('b', { ...local, healthCheckNodePort: 30005 }))).toBe(
    '500 Internal error occurred: failed to allocate requested HealthCheck NodePort 30005: provided port is ' +
      'already allocated',
  )
  await services.update('a', { ...spec, externalTrafficPolicy: 'Cluster' })
  expect(await services.nodePorts()).toEqual([30086])
  await services.create('b', { ...local, healthCheckNodePort: 30005 })
})

test('A load balancer without node ports gets none for a port that is added', async () => {
  const services = await openFakeServices()
  const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports }
  await services.create('web', spec)
  const more = [...ports.map(port => ({ ...port, name: 'a' })), { name: 'b', port: 81, nodePort: 30007 }]
  expect(made(await services.update('web', { ...spec, ports: more }))).toEqual([undefined, 30007])
})

test('One node port for two ports of a protocol is refused', async () => {
  const services = await openFakeServices()
  await services.create('web', { type: 'NodePort', ports })
  const twice = [
    { name: 'a', port: 80, nodePort: 30001 },
    { name: 'b', port: 81, nodePort: 30001 },
  ]
  expect(await refusal(services.update('web', { type: 'NodePort', ports: twice }))).toBe(
    '500 duplicate nodePort: {TCP 30001}',
  )
  expect(await services.nodePorts()).toEqual([30086])
})
