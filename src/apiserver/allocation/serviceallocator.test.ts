import { expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../api/generated/types.ts'
import { encodeObject } from '../bootstrap.ts'
import { type FakeServices, openFakeServices, refusal } from './services.fake.ts'

const ports = [{ port: 80 }]
const families = ({ spec }: Service) => [spec?.ipFamilyPolicy, spec?.ipFamilies, spec?.clusterIPs]
const names = async (services: FakeServices) =>
  (await services.ipAddresses()).map(({ metadata }) => metadata.name)

test('A Service gets one address per family, and each address its IPAddress in the same write', async () => {
  const services = await openFakeServices()
  const before = await services.store.revision()
  const made = await services.create('web', { ports, ipFamilyPolicy: 'PreferDualStack' })
  expect(families(made)).toEqual(['PreferDualStack', ['IPv4', 'IPv6'], ['10.96.1.1', 'fd00:10:96::101']])
  expect(made.spec?.clusterIP).toBe('10.96.1.1')
  expect(await services.store.revision()).toBe(before + 1)
  const [, six] = (await services.ipAddresses()).filter(({ spec }) => spec.parentRef.name === 'web')
  expect(six).toEqual({
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name: 'fd00:10:96::101',
      uid: expect.stringMatching(/^[-0-9a-f]{36}$/),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv6',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
  })
})

test('Addresses may be asked for, in any spelling, and the IPAddress has the canonical one', async () => {
  const services = await openFakeServices()
  const clusterIPs = ['FD00:10:96:0::A', '10.96.0.10']
  const made = await services.create('dns', { ports, clusterIP: clusterIPs[0], clusterIPs })
  expect(families(made)).toEqual(['RequireDualStack', ['IPv6', 'IPv4'], ['FD00:10:96:0::A', '10.96.0.10']])
  expect(await names(services)).toEqual(['10.96.0.1', '10.96.0.10', 'fd00:10:96::a'])
  await services.delete('dns')
  expect(await names(services)).toEqual(['10.96.0.1'])
})

test('What is taken or out of range is refused as upstream words it, and nothing is kept', async () => {
  const services = await openFakeServices()
  const asking = (clusterIP: string) => refusal(services.create('web', { ports, clusterIP }))
  expect(await asking('10.96.0.1')).toBe(
    '422 Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP ' +
      '10.96.0.1: provided IP is already allocated',
  )
  const outside = 'the provided network does not match the current range'
  expect(await asking('10.97.0.1')).toContain(outside)
  expect(await asking('10.96.0.0')).toContain(outside)
  expect(await asking('10.96.255.255')).toContain(outside)
  const pair = ['10.96.0.9', 'fd00:10:97::1']
  expect(await refusal(services.create('web', { ports, clusterIP: pair[0], clusterIPs: pair }))).toContain(
    'failed to allocate IP fd00:10:97::1',
  )
  expect(families(await services.create('web', { ports, clusterIP: '10.96.0.9' }))[2]).toEqual(['10.96.0.9'])
})

test('A full range is an internal error', async () => {
  const services = await openFakeServices({ ranges: ['10.0.0.0/29'] })
  for (let index = 0; index < 5; index++) await services.create(`s${index}`, { ports })
  expect(await refusal(services.create('web', { ports }))).toBe(
    '500 Internal error occurred: failed to allocate a serviceIP: range is full',
  )
  await services.delete('s2')
  expect((await services.create('web', { ports })).spec?.clusterIP).toBe('10.0.0.4')
})

test('A dry run shows an address and takes none', async () => {
  const services = await openFakeServices()
  const revision = await services.store.revision()
  const shown = await services.create('web', { ports, type: 'NodePort' }, { dryRun: true })
  expect([shown.spec?.clusterIPs, shown.spec?.ports?.[0]?.nodePort]).toEqual([['10.96.1.1'], 30086])
  expect(await services.store.revision()).toBe(revision)
  const asked = { ports, clusterIP: '10.96.0.7' }
  await services.create('web', asked, { dryRun: true })
  await services.create('web', asked)
  expect(await refusal(services.create('other', asked, { dryRun: true }))).toContain('already allocated')
})

test('Whatever validation refuses gives back what was taken', async () => {
  const services = await openFakeServices({ ranges: ['10.0.0.0/30'] })
  const spec: ServiceSpec = { type: 'NodePort', ports: [{ port: 0 }], clusterIP: '10.0.0.2' }
  expect(await refusal(services.create('web', spec))).toContain('spec.ports[0].port')
  await services.create('web', { ports, clusterIP: '10.0.0.2' })
  expect(await services.nodePorts()).toEqual([])
})

test('An address whose IPAddress another writer has just made is passed over', async () => {
  const services = await openFakeServices()
  const other = await openFakeServices({ store: services.store })
  const made = await Promise.all([
    services.create('a', { ports }),
    other.create('b', { ports }),
    services.create('c', { ports }),
    other.create('d', { ports }),
  ])
  expect(new Set(made.map(({ spec }) => spec?.clusterIP)).size).toBe(4)
  expect(await names(services)).toHaveLength(5)
})

test('An IPAddress that somebody made by hand is taken', async () => {
  const services = await openFakeServices()
  const object = { kind: 'IPAddress', apiVersion: 'networking.k8s.io/v1', metadata: { name: '10.96.1.1' } }
  const key = '/registry/ipaddresses/10.96.1.1'
  await services.store.write([{ type: 'create', key, value: encodeObject(object) }])
  expect((await services.create('web', { ports })).spec?.clusterIP).toBe('10.96.1.2')
  const { revision } = (await services.store.get(key))!
  await services.store.write([{ type: 'delete', key, expectedRevision: revision }])
  const again = await services.create('again', { ports, clusterIP: '10.96.1.1' })
  expect(again.spec?.clusterIPs).toEqual(['10.96.1.1'])
})

test('A restart remembers what is taken', async () => {
  const services = await openFakeServices()
  await services.create('web', { ports, type: 'NodePort', clusterIP: '10.96.1.1' })
  const again = await openFakeServices({ store: services.store })
  const next = await again.create('next', { ports, type: 'NodePort' })
  expect([next.spec?.clusterIP, next.spec?.ports?.[0]?.nodePort]).toEqual(['10.96.1.2', 30087])
})
