import { afterEach, describe, expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../api/generated/types.ts'
import { StatusError } from '../../api/status.ts'
import { encodeObject } from '../bootstrap.ts'
import { serviceCIDRPrefix } from './keys.ts'
import { type FakeServices, type FakeServicesOptions, openFakeServices } from './services.fake.ts'

const ports = [{ port: 80 }]
const opened: FakeServices[] = []
const open = async (options?: FakeServicesOptions) => {
  const services = await openFakeServices(options)
  opened.push(services)
  return services
}
afterEach(() => {
  for (const services of opened.splice(0)) services.close()
})

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`
    throw error
  }
  return 'it was accepted'
}
const families = ({ spec }: Service) => [spec?.ipFamilyPolicy, spec?.ipFamilies, spec?.clusterIPs]
const names = async (services: FakeServices) =>
  (await services.ipAddresses()).map(({ metadata }) => metadata.name)

describe('addresses', () => {
  test('A Service gets one address per family, and each address its IPAddress in the same write', async () => {
    const services = await open()
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
    const services = await open()
    const clusterIPs = ['FD00:10:96:0::A', '10.96.0.10']
    const made = await services.create('dns', { ports, clusterIP: clusterIPs[0], clusterIPs })
    expect(families(made)).toEqual(['RequireDualStack', ['IPv6', 'IPv4'], ['FD00:10:96:0::A', '10.96.0.10']])
    expect(await names(services)).toEqual(['10.96.0.1', '10.96.0.10', 'fd00:10:96::a'])
    await services.delete('dns')
    expect(await names(services)).toEqual(['10.96.0.1'])
  })

  test('What is taken or out of range is refused as upstream words it, and nothing is kept', async () => {
    const services = await open()
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
    expect(families(await services.create('web', { ports, clusterIP: '10.96.0.9' }))[2]).toEqual([
      '10.96.0.9',
    ])
  })

  test('A full range is an internal error', async () => {
    const services = await open({ ranges: ['10.0.0.0/29'] })
    for (let index = 0; index < 5; index++) await services.create(`s${index}`, { ports })
    expect(await refusal(services.create('web', { ports }))).toBe(
      '500 Internal error occurred: failed to allocate a serviceIP: range is full',
    )
    await services.delete('s2')
    expect((await services.create('web', { ports })).spec?.clusterIP).toBe('10.0.0.4')
  })

  test('A dry run shows an address and takes none', async () => {
    const services = await open()
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
    const services = await open({ ranges: ['10.0.0.0/30'] })
    const spec: ServiceSpec = { type: 'NodePort', ports: [{ port: 0 }], clusterIP: '10.0.0.2' }
    expect(await refusal(services.create('web', spec))).toContain('spec.ports[0].port')
    await services.create('web', { ports, clusterIP: '10.0.0.2' })
    expect(await services.nodePorts()).toEqual([])
  })

  test('An address whose IPAddress another writer has just made is passed over', async () => {
    const services = await open()
    const other = await open({ store: services.store })
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
    const services = await open()
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
    const services = await open()
    await services.create('web', { ports, type: 'NodePort', clusterIP: '10.96.1.1' })
    const again = await open({ store: services.store })
    const next = await again.create('next', { ports, type: 'NodePort' })
    expect([next.spec?.clusterIP, next.spec?.ports?.[0]?.nodePort]).toEqual(['10.96.1.2', 30087])
  })
})

describe('updates', () => {
  const single: ServiceSpec = { ports, ipFamilyPolicy: 'SingleStack' }
  const dual: ServiceSpec = { ports, ipFamilyPolicy: 'RequireDualStack' }

  test('Sending the same manifest again keeps everything', async () => {
    const services = await open()
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
    const services = await open()
    await services.create('web', single)
    const up = await services.update('web', dual)
    expect(families(up)).toEqual(['RequireDualStack', ['IPv4', 'IPv6'], ['10.96.1.1', 'fd00:10:96::101']])
    expect(await names(services)).toContain('fd00:10:96::101')
    const down = await services.update('web', { ...up.spec, ipFamilyPolicy: 'SingleStack' })
    expect(families(down)).toEqual(['SingleStack', ['IPv4'], ['10.96.1.1']])
    expect(await names(services)).not.toContain('fd00:10:96::101')
  })

  test('The second address may be asked for', async () => {
    const services = await open()
    const { spec } = await services.create('web', single)
    const clusterIPs = [spec!.clusterIP!, 'fd00:10:96::7']
    const up = await services.update('web', { ...spec, clusterIPs, ipFamilyPolicy: 'PreferDualStack' })
    expect(families(up)).toEqual(['PreferDualStack', ['IPv4', 'IPv6'], ['10.96.1.1', 'fd00:10:96::7']])
  })

  test('Taking the second address away needs the policy', async () => {
    const services = await open()
    const { spec } = await services.create('web', dual)
    const less = { ...spec, clusterIPs: [spec!.clusterIP!] }
    expect(await refusal(services.update('web', less))).toBe(
      '422 Service "web" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be ' +
        "'SingleStack' to release the secondary cluster IP",
    )
  })

  test('To ExternalName and back, addresses are released and new ones taken', async () => {
    const services = await open()
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
    const services = await open()
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
    const services = await open({ ranges: ['10.96.0.0/16'] })
    const prefer: ServiceSpec = { ports, ipFamilyPolicy: 'PreferDualStack' }
    const made = await services.create('web', prefer)
    const grown = await open({ store: services.store })
    expect(families(made)).toEqual(['PreferDualStack', ['IPv4'], ['10.96.1.1']])
    expect(families(await grown.update('web', made.spec!))).toEqual(families(made))
    const up = await grown.update('web', { ...made.spec, ipFamilyPolicy: 'RequireDualStack' })
    expect(up.spec?.clusterIPs).toEqual(['10.96.1.1', 'fd00:10:96::101'])
  })
})

describe('node ports', () => {
  const made = ({ spec }: Service) => spec?.ports?.map(({ nodePort }) => nodePort)
  const pair = (nodePort?: number) => [
    { name: 'u', protocol: 'UDP', port: 53, ...(nodePort ? { nodePort } : {}) },
    { name: 't', protocol: 'TCP', port: 53 },
    { name: 'm', protocol: 'TCP', port: 9153 },
  ]

  test('Protocols of one port share a node port', async () => {
    const services = await open()
    expect(made(await services.create('a', { type: 'NodePort', ports: pair() }))).toEqual([
      30086, 30086, 30087,
    ])
    expect(made(await services.create('b', { type: 'NodePort', ports: pair(30001) }))).toEqual([
      30001, 30001, 30088,
    ])
  })

  test('Those that are taken or out of range are refused', async () => {
    const services = await open()
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
    const services = await open()
    const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: pair(30005) }
    expect(made(await services.create('web', spec))).toEqual([30005, undefined, undefined])
  })

  test('Exchanging, adding and removing ports keeps the rest', async () => {
    const services = await open()
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
    const services = await open({ nodePortRange: { first: 30000, last: 30001 } })
    const spec = { type: 'NodePort', ports }
    await services.create('a', spec)
    await services.create('b', spec)
    expect(await refusal(services.create('c', spec))).toBe(
      '500 Internal error occurred: failed to allocate a nodePort: range is full',
    )
    await services.delete('a')
    expect(made(await services.create('c', spec))).toEqual([30000])
  })
})

describe('ServiceCIDRs', () => {
  const range = (name: string, cidrs: string[], status = 'True') => ({
    kind: 'ServiceCIDR',
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name },
    spec: { cidrs },
    status: { conditions: [{ type: 'Ready', status }] },
  })
  const add = async (services: FakeServices, object: ReturnType<typeof range>) => {
    const key = serviceCIDRPrefix + object.metadata.name
    await services.store.write([{ type: 'create', key, value: encodeObject(object) }])
    return key
  }

  test('Another range is used when the first one is full, and once it is ready', async () => {
    const services = await open({ ranges: ['10.0.0.0/30'] })
    await services.create('a', { ports })
    const more = range('more', ['10.1.0.0/29', 'fd00::/64'], 'False')
    const key = await add(services, more)
    expect(await refusal(services.create('b', { ports }))).toContain('range is full')
    const { revision } = (await services.store.get(key))!
    const ready = encodeObject(range('more', ['10.1.0.0/29', 'fd00::/64']))
    await services.store.write([{ type: 'update', key, value: ready, expectedRevision: revision }])
    expect((await services.create('b', { ports })).spec?.clusterIP).toBe('10.1.0.1')
    const six = { ports, ipFamilies: ['IPv6'] }
    expect(await refusal(services.create('c', six))).toContain('not configured on this cluster')
  })

  test('Ranges may overlap without giving out an address twice', async () => {
    const services = await open({ ranges: ['10.0.0.0/29'] })
    await add(services, range('wider', ['10.0.0.0/28']))
    const given = new Set<string>()
    for (let index = 0; index < 13; index++) {
      given.add((await services.create(`s${index}`, { ports })).spec!.clusterIP!)
    }
    expect(given.size).toBe(13)
    expect(await refusal(services.create('last', { ports }))).toContain('range is full')
  })

  test('A range that is gone gives out nothing', async () => {
    const services = await open({ ranges: ['10.0.0.0/29'] })
    const key = await add(services, range('other', ['10.1.0.0/29']))
    const { revision } = (await services.store.get(key))!
    await services.create('a', { ports, clusterIP: '10.1.0.2' })
    await services.store.write([{ type: 'delete', key, expectedRevision: revision }])
    expect(await refusal(services.create('b', { ports, clusterIP: '10.1.0.3' }))).toContain('does not match')
  })

  test('An IPv6 range may be as large as /64', async () => {
    const services = await open({ ranges: ['fd00:1:2:3::/64'] })
    const last = 'fd00:1:2:3:ffff:ffff:ffff:ffff'
    expect((await services.create('a', { ports })).spec?.clusterIP).toBe('fd00:1:2:3::101')
    expect((await services.create('b', { ports, clusterIP: last })).spec?.clusterIPs).toEqual([last])
  })
})
