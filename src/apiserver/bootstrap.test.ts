import { describe, expect, test } from 'vitest'
import type { EndpointSlice, Endpoints, Namespace, Service, ServiceCIDR } from '../api/generated/types.ts'
import { services } from '../api/resources/core/service.ts'
import { ipAddresses } from '../api/resources/networking.k8s.io/ipaddress.ts'
import { serviceCIDRs } from '../api/resources/networking.k8s.io/servicecidr.ts'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { openMemoryStore } from '../storage/memory.ts'
import type { Store } from '../storage/store.ts'
import { APIServerService, type BootstrapOptions, bootstrap, encodeObject } from './bootstrap.ts'

const four = { serviceRanges: ['10.96.0.0/16', 'fd00:10:96::/112'], advertiseAddress: '192.0.2.1' }
const six = { serviceRanges: ['fd00:10:96::/112', '10.96.0.0/16'], advertiseAddress: '2001:db8::1' }

const optionsFor = (store: Store, facts = four): BootstrapOptions => ({
  store,
  clock: new FakeClock(),
  log: silentLogger,
  securePort: 6443,
  ...facts,
})

async function read<T>(store: Store, key: string): Promise<T> {
  const entry = await store.get(key)
  return JSON.parse(entry!.value.toString())
}
const service = (store: Store) => read<Service>(store, '/registry/services/specs/default/kubernetes')

describe('bootstrap', () => {
  test('A fresh store gets everything in one write', async () => {
    const store = openMemoryStore()
    const before = await store.revision()
    await bootstrap(optionsFor(store))
    expect(await store.revision()).toBe(before + 1)
    const { entries } = await store.list({ prefix: '/registry/' })
    expect(entries.map(({ key }) => key.slice('/registry/'.length))).toEqual([
      'endpointslices/default/kubernetes',
      'flowschemas/catch-all',
      'flowschemas/endpoint-controller',
      'flowschemas/exempt',
      'flowschemas/global-default',
      'flowschemas/kube-controller-manager',
      'flowschemas/kube-scheduler',
      'flowschemas/kube-system-service-accounts',
      'flowschemas/probes',
      'flowschemas/service-accounts',
      'flowschemas/system-leader-election',
      'flowschemas/system-node-high',
      'flowschemas/system-nodes',
      'flowschemas/workload-leader-election',
      'ipaddresses/10.96.0.1',
      'namespaces/default',
      'namespaces/kube-node-lease',
      'namespaces/kube-public',
      'namespaces/kube-system',
      'priorityclasses/system-cluster-critical',
      'priorityclasses/system-node-critical',
      'prioritylevelconfigurations/catch-all',
      'prioritylevelconfigurations/exempt',
      'prioritylevelconfigurations/global-default',
      'prioritylevelconfigurations/leader-election',
      'prioritylevelconfigurations/node-high',
      'prioritylevelconfigurations/system',
      'prioritylevelconfigurations/workload-high',
      'prioritylevelconfigurations/workload-low',
      'servicecidrs/kubernetes',
      'services/endpoints/default/kubernetes',
      'services/specs/default/kubernetes',
    ])
    for (const { value } of entries)
      expect(value.toString()).toMatch(/^{"kind":"\w+","apiVersion":"[^"]+","metadata":{"/)
  })

  test('A second time it writes nothing', async () => {
    const store = openMemoryStore()
    await bootstrap(optionsFor(store))
    const revision = await store.revision()
    await bootstrap(optionsFor(store))
    expect(await store.revision()).toBe(revision)
  })

  test.each([
    [four, 'IPv4', '10.96.0.1'],
    [six, 'IPv6', 'fd00:10:96::1'],
  ])('The Service kubernetes is of the primary family of %j', async (facts, family, address) => {
    const store = openMemoryStore()
    await bootstrap(optionsFor(store, facts))
    const made = await service(store)
    expect(made.spec).toEqual({
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }],
      clusterIP: address,
      clusterIPs: [address],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: [family],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    })
    expect(made.metadata.labels).toEqual({ component: 'apiserver', provider: 'kubernetes' })
    const slice = await read<EndpointSlice>(store, '/registry/endpointslices/default/kubernetes')
    expect(slice.addressType).toBe(family)
    expect(slice.endpoints).toEqual([{ addresses: [facts.advertiseAddress], conditions: { ready: true } }])
    const endpoints = await read<Endpoints>(store, '/registry/services/endpoints/default/kubernetes')
    expect(endpoints.subsets?.[0]?.addresses).toEqual([{ ip: facts.advertiseAddress }])
  })

  test('What it makes is valid, and defaulting it changes nothing', async () => {
    const store = openMemoryStore()
    await bootstrap(optionsFor(store))
    const made = await service(store)
    const again = structuredClone(made)
    services.default!(again)
    expect(again).toEqual(made)
    expect(services.validate!(made)).toEqual([])
    const range = await read<ServiceCIDR>(store, '/registry/servicecidrs/kubernetes')
    expect(serviceCIDRs.validate!(range)).toEqual([])
    expect(range.spec?.cidrs).toEqual(['10.96.0.0/16', 'fd00:10:96::/112'])
    expect(range.metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer'])
    expect(ipAddresses.validate!(await read(store, '/registry/ipaddresses/10.96.0.1'))).toEqual([])
    const namespace = await read<Namespace>(store, '/registry/namespaces/kube-system')
    expect(namespace.status).toEqual({ phase: 'Active' })
  })

  test("The ranges may gain a second family; other changes are the administrator's", async () => {
    const store = openMemoryStore()
    await bootstrap(optionsFor(store, { ...four, serviceRanges: ['10.96.0.0/16'] }))
    await bootstrap(optionsFor(store))
    const range = () => read<ServiceCIDR>(store, '/registry/servicecidrs/kubernetes')
    expect((await range()).spec?.cidrs).toEqual(['10.96.0.0/16', 'fd00:10:96::/112'])
    await bootstrap(optionsFor(store, { ...four, serviceRanges: ['10.97.0.0/16'] }))
    expect((await range()).spec?.cidrs).toEqual(['10.96.0.0/16', 'fd00:10:96::/112'])
  })
})

describe('APIServerService', () => {
  test('It recreates what was deleted and mends what was changed', async () => {
    const store = openMemoryStore()
    const options = optionsFor(store)
    const component = new APIServerService(options)
    await component.start()
    const key = '/registry/services/endpoints/default/kubernetes'
    const { value, revision } = (await store.get(key))!
    const spoilt = { ...JSON.parse(value.toString()), subsets: [] }
    const slice = (await store.get('/registry/endpointslices/default/kubernetes'))!
    await store.write([
      { type: 'update', key, value: encodeObject(spoilt), expectedRevision: revision },
      { type: 'delete', key: slice.key, expectedRevision: slice.revision },
    ])
    await (options.clock as FakeClock).advance(10_000)
    await store.progress()
    expect((await read<Endpoints>(store, key)).subsets).toHaveLength(1)
    expect(await store.get(slice.key)).toBeDefined()
    await component.stop()
  })

  test('Another port is taken over', async () => {
    const store = openMemoryStore()
    await bootstrap(optionsFor(store))
    await bootstrap({ ...optionsFor(store), securePort: 7443 })
    expect((await service(store)).spec?.ports?.[0]?.targetPort).toBe(7443)
    const slice = await read<EndpointSlice>(store, '/registry/endpointslices/default/kubernetes')
    expect(slice.ports).toEqual([{ name: 'https', port: 7443, protocol: 'TCP' }])
  })
})
