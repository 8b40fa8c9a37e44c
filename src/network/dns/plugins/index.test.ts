// What each plugin answers.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDNS, texts, type World } from '../world.fake.ts'

let world: World
const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
const ready = { ready: true, serving: true, terminating: false }
const zone = 'shop.svc.cluster.local'

beforeAll(async () => {
  world = await startDNS(['IPv4', 'IPv6'])
  const both = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'], ports }
  await world.service('web', {
    ...both,
    clusterIP: '10.96.0.80',
    clusterIPs: ['10.96.0.80', 'fd00:10:96::80'],
    ports: [...ports, { name: 'dns', port: 53, protocol: 'UDP' }],
  })
  await world.service('four', { clusterIP: '10.96.0.44', ports: [{ port: 80 }] })
  await world.service('db', { ...both, clusterIP: 'None' })
  await world.service('empty', { clusterIP: 'None', ports })
  await world.service('alias', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local.' })
  await world.service('away', { type: 'ExternalName', externalName: 'example.com' })
  await world.service('ring', { type: 'ExternalName', externalName: 'ring.shop.svc.cluster.local' })
  await world.slice('db', {
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: ready },
      { addresses: ['10.244.0.6'], conditions: ready },
      { addresses: ['10.244.0.7'], hostname: 'db-2', conditions: { ...ready, ready: false } },
    ],
    ports,
  })
  await world.slice('db', {
    addressType: 'IPv6',
    endpoints: [
      { addresses: ['fd00:10:244::5'], hostname: 'db-0', conditions: ready },
      { addresses: ['fd00:10:244::6'], conditions: ready },
    ],
    ports,
  })
  await world.slice('empty', { addressType: 'IPv4', endpoints: [], ports })
})
afterAll(() => world?.stop())

const noData = { rcode: 'NOERROR', authoritative: true, authorities: [{ type: 'SOA', ttl: 5 }] }

describe('Services with ClusterIPs', () => {
  test.each([
    ['A', `web.${zone}`, ['A 10.96.0.80']],
    ['AAAA', `web.${zone}`, ['AAAA fd00:10:96::80']],
    ['A', `four.${zone}`, ['A 10.96.0.44']],
    ['SRV', `_http._tcp.web.${zone}`, [`SRV 0 100 80 web.${zone}`]],
    ['SRV', `_dns._udp.web.${zone}`, [`SRV 0 100 53 web.${zone}`]],
    ['SRV', `web.${zone}`, [`SRV 0 50 80 web.${zone}`, `SRV 0 50 53 web.${zone}`]],
    ['PTR', '80.0.96.10.in-addr.arpa', [`PTR web.${zone}`]],
    ['PTR', '0.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa', [`PTR web.${zone}`]],
    ['A', 'kubernetes.default.svc.cluster.local', ['A 10.96.0.1']],
  ])('%s %s', async (type, name, expected) => {
    const reply = await world.ask(name, type)
    expect(texts(reply)).toEqual(expected)
    expect(reply).toMatchObject({ rcode: 'NOERROR', authoritative: true })
  })

  test('SRV brings the addresses of both families along', async () => {
    const { additionals } = await world.ask(`_http._tcp.web.${zone}`, 'SRV')
    expect(additionals).toEqual([
      { name: `web.${zone}`, type: 'A', ttl: 5, data: '10.96.0.80' },
      { name: `web.${zone}`, type: 'AAAA', ttl: 5, data: 'fd00:10:96::80' },
    ])
  })
})

describe('headless Services', () => {
  test.each([
    ['A', `db.${zone}`, ['A 10.244.0.5', 'A 10.244.0.6']],
    ['AAAA', `db.${zone}`, ['AAAA fd00:10:244::5', 'AAAA fd00:10:244::6']],
    ['A', `db-0.db.${zone}`, ['A 10.244.0.5']],
    ['AAAA', `db-0.db.${zone}`, ['AAAA fd00:10:244::5']],
    ['A', `10-244-0-6.db.${zone}`, ['A 10.244.0.6']],
    ['AAAA', `fd00-10-244--6.db.${zone}`, ['AAAA fd00:10:244::6']],
    [
      'SRV',
      `_http._tcp.db.${zone}`,
      [
        `SRV 0 33 80 db-0.db.${zone}`,
        `SRV 0 33 80 10-244-0-6.db.${zone}`,
        `SRV 0 33 80 fd00-10-244--6.db.${zone}`,
      ],
    ],
    ['PTR', '5.0.244.10.in-addr.arpa', [`PTR db-0.db.${zone}`]],
    [
      'PTR',
      '6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa',
      [`PTR fd00-10-244--6.db.${zone}`],
    ],
  ])('%s %s', async (type, name, expected) => {
    expect(texts(await world.ask(name, type))).toEqual(expected)
  })
})

describe('aliases', () => {
  test('an ExternalName within the cluster is followed', async () => {
    expect(texts(await world.ask(`alias.${zone}`, 'A'))).toEqual([`CNAME web.${zone}`, 'A 10.96.0.80'])
    expect(texts(await world.ask(`alias.${zone}`, 'AAAA'))).toEqual([
      `CNAME web.${zone}`,
      'AAAA fd00:10:96::80',
    ])
  })

  test('only the alias is told when another type is asked', async () => {
    expect(texts(await world.ask(`away.${zone}`, 'CNAME'))).toEqual(['CNAME example.com'])
    expect(texts(await world.ask(`away.${zone}`, 'MX'))).toEqual(['CNAME example.com'])
  })

  test('one that cannot be followed fails, with the alias told', async () => {
    const reply = await world.ask(`away.${zone}`, 'A')
    expect(texts(reply)).toEqual(['CNAME example.com'])
    expect(reply.rcode).toBe('SERVFAIL')
  })

  test('one that leads to itself ends', async () => {
    expect(await world.ask(`ring.${zone}`, 'A')).toEqual({ rcode: 'SERVFAIL' })
  })
})

describe('Pods', () => {
  test.each([
    ['A', '10-244-0-9.shop.pod.cluster.local', ['A 10.244.0.9']],
    ['AAAA', 'fd00-10-244--9.shop.pod.cluster.local', ['AAAA fd00:10:244::9']],
  ])('%s %s', async (type, name, expected) => {
    expect(texts(await world.ask(name, type))).toEqual(expected)
  })
})

describe('the zone', () => {
  test.each([
    ['SOA', 'cluster.local', ['SOA']],
    ['NS', 'cluster.local', ['NS']],
    ['A', 'ns.dns.cluster.local', ['A']],
    ['AAAA', 'ns.dns.cluster.local', ['AAAA']],
    ['TXT', 'dns-version.cluster.local', ['TXT']],
    ['ANY', `web.${zone}`, ['HINFO']],
  ])('%s %s', async (type, name, expected) => {
    const { answers } = await world.ask(name, type)
    expect(answers?.map(record => record.type)).toEqual(expected)
  })

  test('it is not handed out', async () => {
    expect(await world.ask('cluster.local', 'AXFR')).toEqual({ rcode: 'REFUSED' })
  })
})

describe('a name exists, but has nothing of the type', () => {
  test.each([
    ['AAAA', `four.${zone}`],
    ['MX', `web.${zone}`],
    ['SRV', `db-0.db.${zone}`],
    ['A', `_tcp.web.${zone}`],
    ['A', `_tcp.db.${zone}`],
    ['A', `_http._tcp.web.${zone}`],
    ['A', `_http._tcp.db.${zone}`],
    ['AAAA', '10-244-0-9.shop.pod.cluster.local'],
    ['AAAA', `10-244-0-6.db.${zone}`],
    ['A', zone],
    ['A', 'svc.cluster.local'],
    ['A', 'shop.pod.cluster.local'],
    ['A', 'dns.cluster.local'],
    ['A', 'cluster.local'],
    ['A', 'dns-version.cluster.local'],
    ['A', '80.0.96.10.in-addr.arpa'],
  ])('%s %s', async (type, name) => {
    expect(await world.ask(name, type)).toMatchObject(noData)
    expect(texts(await world.ask(name, type))).toEqual([])
  })
})

describe('a name does not exist', () => {
  test.each([
    ['A', `nothing.${zone}`],
    ['A', 'web.nowhere.svc.cluster.local'],
    ['A', 'nowhere.svc.cluster.local'],
    ['A', 'nowhere.cluster.local'],
    ['A', `empty.${zone}`],
    ['A', `db-2.db.${zone}`],
    ['A', `host.web.${zone}`],
    ['A', `x.y.z.web.${zone}`],
    ['SRV', `_https._tcp.web.${zone}`],
    ['SRV', `_http._udp.web.${zone}`],
    ['SRV', `_https._tcp.db.${zone}`],
    ['SRV', `_._tcp.four.${zone}`],
    ['A', `_udp.four.${zone}`],
    ['A', '10-244-0-9.nowhere.pod.cluster.local'],
    ['A', 'no-address.shop.pod.cluster.local'],
    ['A', 'example.com.shop.svc.cluster.local'],
    ['A', 'example.com.svc.cluster.local'],
    ['PTR', '99.0.96.10.in-addr.arpa'],
    ['PTR', '7.0.244.10.in-addr.arpa'],
  ])('%s %s', async (type, name) => {
    expect(await world.ask(name, type)).toMatchObject({ ...noData, rcode: 'NXDOMAIN' })
  })
})

describe('names outside are asked outside', () => {
  test.each([
    ['A', 'example.com'],
    ['A', 'notcluster.local'],
    ['PTR', '1.2.0.192.in-addr.arpa'],
    ['NS', ''],
  ])('%s %s', async (type, name) => {
    expect(await world.ask(name, type)).toEqual({ rcode: 'SERVFAIL' })
  })
})
