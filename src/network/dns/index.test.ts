// The cluster's DNS server as clients see it, in every configuration of families.
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { services } from '../../api/resources/core/service.ts'
import { endpointSlices } from '../../api/resources/discovery.k8s.io/endpointslice.ts'
import { familyOrders, type IPFamily, loopbackAddress } from '../../ip/family.ts'
import { formatQuery, parseReply } from './message.ts'
import { advertised, clusterIPs, startDNS, type World } from './world.fake.ts'

let world: World
afterEach(() => world?.stop())

const ports = [{ name: 'http', port: 80 }]

/** Over TCP: two questions in one write, answered on one connection. */
function askOverTCP(address: string, port: number, names: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address)
    const found: string[] = []
    let received = Buffer.alloc(0)
    socket.on('error', reject)
    for (const [id, name] of names.entries()) {
      const bytes = formatQuery(id, { name, type: 'SOA' })
      socket.write(Buffer.concat([Buffer.from([0, bytes.length]), bytes]))
    }
    socket.on('data', bytes => {
      received = Buffer.concat([received, bytes])
      while (received.length > 1 && received.length >= received.readUInt16BE(0) + 2) {
        const end = received.readUInt16BE(0) + 2
        const answer = parseReply(received.subarray(2, end))
        found.push(`${answer?.id} ${answer?.reply.rcode}`)
        received = received.subarray(end)
      }
      if (found.length < names.length) return
      socket.destroy()
      resolve(found)
    })
  })
}

describe.each(familyOrders.map(families => ({ families })))('families $families', ({ families }) => {
  test('a Service has a record for each of its families, and none of the other type', async () => {
    world = await startDNS(families)
    const created = await world.service('web', { ports, ipFamilyPolicy: 'PreferDualStack' })
    const byFamily = new Map(families.map((family, index) => [family, created.spec?.clusterIPs?.[index]]))
    for (const family of families) {
      const resolver = world.resolver(family)
      const lookups: Record<IPFamily, Promise<string[]>> = {
        IPv4: resolver.resolve4('web.shop.svc.cluster.local'),
        IPv6: resolver.resolve6('web.shop.svc.cluster.local'),
      }
      for (const [type, lookup] of Object.entries(lookups)) {
        const address = byFamily.get(type as IPFamily)
        if (address) expect(await lookup).toEqual([address])
        else await expect(lookup).rejects.toMatchObject({ code: 'ENODATA' })
      }
      await expect(resolver.resolve4('no.shop.svc.cluster.local')).rejects.toMatchObject({
        code: 'ENOTFOUND',
      })
    }
  })

  test('the Service kube-dns leads to the server, in the order of the families', async () => {
    world = await startDNS(families)
    const reference = { namespace: 'kube-system', name: 'kube-dns' }
    const service = await world.client.get(services, reference)
    expect(service.spec?.clusterIPs).toEqual(families.map(family => clusterIPs[family]))
    expect(service.spec?.ipFamilies).toEqual(families)
    const { items } = await world.client.list(endpointSlices, { namespace: 'kube-system' })
    const port = world.dns.port
    expect(
      items.map(({ metadata, endpoints, ports }) => [metadata.name, endpoints?.[0]?.addresses, ports]),
    ).toEqual(
      [...families].sort().map(family => [
        `kube-dns-${family.toLowerCase()}`,
        [advertised[family]],
        [
          { name: 'dns', protocol: 'UDP', port },
          { name: 'dns-tcp', protocol: 'TCP', port },
        ],
      ]),
    )
  })

  test('it answers over TCP, several questions on one connection', async () => {
    world = await startDNS(families)
    for (const family of families) {
      const names = ['cluster.local', 'none.cluster.local']
      expect(await askOverTCP(loopbackAddress[family], world.dns.port, names)).toEqual([
        '0 NOERROR',
        '1 NXDOMAIN',
      ])
    }
  })
})

test('a deleted Service kube-dns comes back', async () => {
  world = await startDNS()
  const reference = { namespace: 'kube-system', name: 'kube-dns' }
  const { metadata } = await world.client.get(services, reference)
  const back = new Promise<string | undefined>(resolve => {
    void world.client.watch(
      services,
      {
        namespace: 'kube-system',
        ...(metadata.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}),
      },
      {
        onEvents: events => {
          const added = events.find(event => event.type === 'ADDED')
          if (added) resolve(added.object.spec?.clusterIPs?.join())
        },
        onEnd: () => undefined,
      },
    )
  })
  await world.client.delete(services, reference)
  expect(await back).toBe('10.96.0.10,fd00:10:96::a')
})

test('a long answer is cut over UDP and whole over TCP', async () => {
  world = await startDNS(['IPv4'])
  await world.service('many', { clusterIP: 'None', ports })
  const endpoints = Array.from({ length: 100 }, (_, index) => ({ addresses: [`10.244.0.${index + 1}`] }))
  await world.slice('many', { addressType: 'IPv4', endpoints, ports })
  expect(await world.resolver().resolve4('many.shop.svc.cluster.local')).toHaveLength(100)
})

test('what changes is answered at once', async () => {
  world = await startDNS(['IPv4'])
  await world.service('web', { clusterIP: '10.96.0.80', ports })
  const lookup = () => world.resolver().resolve4('web.shop.svc.cluster.local')
  expect(await lookup()).toEqual(['10.96.0.80'])
  await world.client.delete(services, { namespace: 'shop', name: 'web' })
  await world.settle()
  await expect(lookup()).rejects.toMatchObject({ code: 'ENOTFOUND' })
  await world.service('web', { clusterIP: '10.96.0.81', ports })
  expect(await lookup()).toEqual(['10.96.0.81'])
})

test('the addresses of a headless Service take turns at the first place', async () => {
  world = await startDNS(['IPv4'])
  await world.service('db', { clusterIP: 'None', ports })
  const endpoints = ['10.244.0.1', '10.244.0.2', '10.244.0.3'].map(address => ({ addresses: [address] }))
  await world.slice('db', { addressType: 'IPv4', endpoints, ports })
  const firsts = new Set<string | undefined>()
  for (let count = 0; count < 3; count++) {
    firsts.add((await world.resolver().resolve4('db.shop.svc.cluster.local'))[0])
  }
  expect([...firsts].sort()).toEqual(['10.244.0.1', '10.244.0.2', '10.244.0.3'])
})

test('without a server outside, names outside fail at once', async () => {
  world = await startDNS()
  await expect(world.resolver().resolve4('example.com')).rejects.toMatchObject({ code: 'ESERVFAIL' })
})
