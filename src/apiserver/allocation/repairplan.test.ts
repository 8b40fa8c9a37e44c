import { expect, test } from 'vitest'
import { parseCIDR } from '../../ip/cidr.ts'
import { planRepair, type Snapshot, summarizeAddress, summarizeService } from './repairplan.ts'

const service = (name: string, addresses: string[], ports: number[] = []) => ({
  uid: `uid-${name}`,
  namespace: 'n',
  name,
  addresses,
  ports,
})
const address = (name: string, owner: string | undefined, change: object = {}) => ({
  name,
  uid: '',
  createdMs: 0,
  isManaged: true,
  family: name.includes(':') ? 'IPv6' : 'IPv4',
  service: owner,
  ...change,
})

const plan = (
  services: ReturnType<typeof service>[],
  addresses: ReturnType<typeof address>[],
  ports: [number, string][] = [],
) => {
  const snapshot: Snapshot = {
    services: new Map(services.map(one => [`n/${one.name}`, one])),
    addresses: new Map(addresses.map(one => [one.name, one])),
    ports: new Map(ports),
    ranges: [parseCIDR('10.0.0.0/24')!, parseCIDR('fd00::/64')!],
    portRange: { first: 30000, last: 32767 },
  }
  const { repairs, findings } = planRepair(snapshot, 61_000)
  return [
    ...repairs.map(repair => `${repair.type} ${'name' in repair ? repair.name : repair.port}`),
    ...findings.map(({ kind, name, reason, message }) => `${kind} ${name} ${reason}: ${message}`),
  ]
}

test('What is right is left alone', () => {
  const web = service('web', ['10.0.0.1', 'FD00::0A'], [30000])
  const right = [address('10.0.0.1', 'n/web'), address('fd00::a', 'n/web')]
  expect(plan([web], right, [[30000, 'n/web']])).toEqual([])
})

test.each([
  [
    'no IPAddress',
    [],
    [
      'writeAddress 10.0.0.1',
      'Service web ClusterIPNotAllocated: Cluster IP [IPv4]: 10.0.0.1 is not allocated; repairing',
    ],
  ],
  [
    'one of something else',
    [address('10.0.0.1', undefined)],
    [
      'writeAddress 10.0.0.1',
      'Service web ClusterIPNotAllocated: the ClusterIP [IPv4]: 10.0.0.1 for Service n/web has a wrong ' +
        'reference; repairing',
    ],
  ],
  [
    'one of a Service that is gone',
    [address('10.0.0.1', 'n/gone')],
    [
      'writeAddress 10.0.0.1',
      'Service web ClusterIPNotAllocated: the ClusterIP [IPv4]: 10.0.0.1 for Service n/web has a wrong ' +
        'reference; repairing',
    ],
  ],
  ['one with wrong labels', [address('10.0.0.1', 'n/web', { family: 'IPv6' })], ['writeAddress 10.0.0.1']],
])('A ClusterIP with %s', (_, addresses, expected) => {
  expect(plan([service('web', ['10.0.0.1'])], addresses)).toEqual(expected)
})

test('Two Services with one address cannot both be right', () => {
  const two = [service('a', ['10.0.0.1']), service('b', ['10.0.0.1'])]
  expect(plan(two, [address('10.0.0.1', 'n/a')])).toEqual([
    'Service b ClusterIPAlreadyAllocated: Cluster IP [IPv4]:10.0.0.1 was assigned to multiple services; please ' +
      'recreate service',
  ])
})

test('An address outside all ranges is only told', () => {
  expect(plan([service('web', ['10.1.0.1'])], [])).toEqual([
    'Service web ClusterIPOutOfRange: Cluster IP [IPv4]: 10.1.0.1 is not within any configured Service CIDR; ' +
      'please recreate service',
  ])
})

test.each([
  [
    'of a Service that is gone',
    address('10.0.0.9', 'n/gone'),
    [
      'deleteAddress 10.0.0.9',
      'IPAddress 10.0.0.9 IPAddressNotAllocated: IPAddress: 10.0.0.9 for Service n/gone appears to have leaked: ' +
        'cleaning up',
    ],
  ],
  ['that is a minute old at most', address('10.0.0.9', 'n/gone', { createdMs: 1000 }), []],
  ['that somebody else manages', address('10.0.0.9', 'n/gone', { isManaged: false }), []],
  [
    'that its Service does not have',
    address('10.0.0.9', 'n/web'),
    [
      'deleteAddress 10.0.0.9',
      'IPAddress 10.0.0.9 IPAddressWrongReference: IPAddress: 10.0.0.9 for Service n/web has a wrong reference; ' +
        'cleaning up',
    ],
  ],
])('An IPAddress %s', (_, found, expected) => {
  expect(plan([service('web', ['10.0.0.1'])], [address('10.0.0.1', 'n/web'), found])).toEqual(expected)
})

test('Node ports are taken by the Service that has them', () => {
  const services = [service('a', [], [30001, 80]), service('b', [], [30001, 30002])]
  const found = plan(
    services,
    [],
    [
      [30001, 'n/a'],
      [30003, 'n/gone'],
    ],
  )
  expect(found).toEqual([
    'writePort 30002',
    'deletePort 30003',
    'Service a PortOutOfRange: Port 80 is not within the port range 30000-32767; please recreate service',
    'Service b PortAlreadyAllocated: Port 30001 was assigned to multiple services; please recreate service',
    'Service b PortNotAllocated: Port 30002 is not allocated; repairing',
  ])
})

test('Summaries have what repair looks at', () => {
  const spec = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30009,
    clusterIPs: ['10.0.0.1'],
    ports: [
      { port: 1, nodePort: 30001 },
      { port: 1, nodePort: 30001 },
    ],
  }
  expect(summarizeService({ metadata: { name: 's', namespace: 'n', uid: 'u' }, spec })).toEqual({
    uid: 'u',
    namespace: 'n',
    name: 's',
    addresses: ['10.0.0.1'],
    ports: [30001, 30009],
  })
  const parentRef = { group: 'gateway.networking.k8s.io', resource: 'gateways', name: 'g' }
  expect(summarizeAddress({ metadata: { name: '10.0.0.1' }, spec: { parentRef } }).service).toBeUndefined()
})
