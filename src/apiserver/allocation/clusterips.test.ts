import { expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../api/generated/types.ts'
import { type FakeServices, openFakeServices, refusal } from './services.fake.ts'

const ports = [{ port: 80 }]
const families = ({ spec }: Service) => [spec?.ipFamilyPolicy, spec?.ipFamilies, spec?.clusterIPs]
const names = async (services: FakeServices) =>
  (await services.ipAddresses()).map(({ metadata }) => metadata.name)

const single: ServiceSpec = { ports, ipFamilyPolicy: 'SingleStack' }
const dual: ServiceSpec = { ports, ipFamilyPolicy: 'RequireDualStack' }

test('Sending the same manifest again keeps everything', async () => {
  const services = await openFakeServices()
  const manifest: ServiceSpec = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 443 },
    ],
  }
  const made = await services.create('web', manifest)
  const again = await services.update('web', manifest)
  expect(again.spec).toEqual(made.spec)
  expect(made.spec?.healthCheckNodePort).toBe(30088)
})

test('A second family is added and given up by the policy alone', async () => {
  const services = await openFakeServices()
  await services.create('web', single)
  const up = await services.update('web', dual)
  expect(families(up)).toEqual(['RequireDualStack', ['IPv4', 'IPv6'], ['10.96.1.1', 'fd00:10:96::101']])
  expect(await names(services)).toContain('fd00:10:96::101')
  const down = await services.update('web', { ...up.spec, ipFamilyPolicy: 'SingleStack' })
  expect(families(down)).toEqual(['SingleStack', ['IPv4'], ['10.96.1.1']])
  expect(await names(services)).not.toContain('fd00:10:96::101')
})

test('The second address may be asked for', async () => {
  const services = await openFakeServices()
  const { spec } = await services.create('web', single)
  const clusterIPs = [spec!.clusterIP!, 'fd00:10:96::7']
  const up = await services.update('web', { ...spec, clusterIPs, ipFamilyPolicy: 'PreferDualStack' })
  expect(families(up)).toEqual(['PreferDualStack', ['IPv4', 'IPv6'], ['10.96.1.1', 'fd00:10:96::7']])
})

test('Taking the second address away needs the policy', async () => {
  const services = await openFakeServices()
  const { spec } = await services.create('web', dual)
  const less = { ...spec, clusterIPs: [spec!.clusterIP!] }
  expect(await refusal(services.update('web', less))).toBe(
    '422 Service "web" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be ' +
      "'SingleStack' to release the secondary cluster IP",
  )
})

test('To ExternalName and back, addresses are released and new ones taken', async () => {
  const services = await openFakeServices()
  const { spec } = await services.create('web', { ...dual, type: 'NodePort' })
  const named = await services.update('web', { ...spec, type: 'ExternalName', externalName: 'a.b' })
  expect(named.spec).toEqual({
    type: 'ExternalName',
    externalName: 'a.b',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
  })
  expect([await names(services), await services.nodePorts()]).toEqual([['10.96.0.1'], []])
  const back = await services.update('web', { ...named.spec, type: 'ClusterIP' })
  expect(families(back)).toEqual(['SingleStack', ['IPv4'], ['10.96.1.2']])
})

test('A type without node ports gives them back', async () => {
  const services = await openFakeServices()
  const local: ServiceSpec = { ports, type: 'LoadBalancer', externalTrafficPolicy: 'Local' }
  const { spec } = await services.create('web', local)
  expect(await services.nodePorts()).toEqual([30086, 30087])
  const cluster = await services.update('web', { ...spec, externalTrafficPolicy: 'Cluster' })
  expect([cluster.spec?.healthCheckNodePort, await services.nodePorts()]).toEqual([undefined, [30086]])
  const plain = await services.update('web', { ...cluster.spec, type: 'ClusterIP' })
  expect(plain.spec?.ports).toEqual([{ port: 80, protocol: 'TCP', targetPort: 80 }])
  expect([plain.spec?.externalTrafficPolicy, plain.spec?.allocateLoadBalancerNodePorts]).toEqual([
    undefined,
    undefined,
  ])
  expect(await services.nodePorts()).toEqual([])
})

test('A PreferDualStack Service stays as it is when the cluster gains a family', async () => {
  const services = await openFakeServices({ ranges: ['10.96.0.0/16'] })
  const prefer: ServiceSpec = { ports, ipFamilyPolicy: 'PreferDualStack' }
  const made = await services.create('web', prefer)
  const grown = await openFakeServices({ store: services.store })
  expect(families(made)).toEqual(['PreferDualStack', ['IPv4'], ['10.96.1.1']])
  expect(families(await grown.update('web', made.spec!))).toEqual(families(made))
  const up = await grown.update('web', { ...made.spec, ipFamilyPolicy: 'RequireDualStack' })
  expect(up.spec?.clusterIPs).toEqual(['10.96.1.1', 'fd00:10:96::101'])
})
