import { describe, expect, test } from 'vitest'
import type { ServiceSpec } from '../../api/generated/types.ts'
import { familyOrders, type IPFamilies, type IPFamily } from '../../ip/family.ts'
import { planService } from './serviceplan.ts'
import { balanced, nodeOf, serviceOf, sliceOf } from './testobjects.fake.ts'

type Hosts = Parameters<typeof sliceOf>[1]

/** `collection: key => value` of everything that a Service contributes. */
function plan(spec: ServiceSpec, hosts: Hosts, { families = ['IPv4'] }: { families?: IPFamilies } = {}) {
  const service = serviceOf(families, spec, { status: balanced(families) })
  const protocol = spec.ports?.[0]?.protocol ?? 'TCP'
  const slices = families.map(family => sliceOf(family, hosts, { protocol }))
  const { elements } = planService(service, slices, nodeOf(['IPv4', 'IPv6']))
  return elements.map(({ collection, key, value }) => `${collection}: ${key}${value ? ` => ${value}` : ''}`)
}

/** What is about the Service's own addresses and ports. */
const frontends = (spec: ServiceSpec, hosts: Hosts) =>
  plan(spec, hosts).filter(line => /^(frontends|node-ports)-IPv4/.test(line))

const expected: Record<IPFamily, readonly string[]> = {
  IPv4: [
    'cluster-ips-IPv4: 10.96.0.7',
    'frontends-IPv4: 10.96.0.7 . tcp . 80 => goto service-internal-0-2-tcp-IPv4',
    'endpoints-tcp-IPv4: 10.96.0.7 . 80 . 0 => 10.244.1.1 . 8080',
    'endpoints-tcp-IPv4: 10.96.0.7 . 80 . 1 => 10.244.1.2 . 8080',
    'hairpins-IPv4: 10.244.1.1 . 10.244.1.1',
  ],
  IPv6: [
    'cluster-ips-IPv6: fd00:10:96::7',
    'frontends-IPv6: fd00:10:96::7 . tcp . 80 => goto service-internal-0-2-tcp-IPv6',
    'endpoints-tcp-IPv6: fd00:10:96::7 . 80 . 0 => fd00:10:244:1::1 . 8080',
    'endpoints-tcp-IPv6: fd00:10:96::7 . 80 . 1 => fd00:10:244:1::2 . 8080',
    'hairpins-IPv6: fd00:10:244:1::1 . fd00:10:244:1::1',
  ],
}

test.each(familyOrders.map(families => ({ families })))(
  'A Service of $families contributes to its families alone',
  ({ families }) => {
    expect(plan({}, [1, 2], { families }).sort()).toEqual(families.flatMap(f => expected[f]).sort())
  },
)

test.each(['TCP', 'UDP', 'SCTP'])('%s has its own map of endpoints', protocol => {
  const lower = protocol.toLowerCase()
  expect(plan({ ports: [{ port: 5, protocol }] }, [2])).toEqual([
    'cluster-ips-IPv4: 10.96.0.7',
    `frontends-IPv4: 10.96.0.7 . ${lower} . 5 => goto service-internal-0-1-${lower}-IPv4`,
    `endpoints-${lower}-IPv4: 10.96.0.7 . 5 . 0 => 10.244.1.2 . 8080`,
  ])
})

test('A Service that is not proxied contributes nothing', () => {
  const node = nodeOf(['IPv4', 'IPv6'])
  const headless = serviceOf(['IPv4'], { clusterIPs: ['None'] })
  const named = serviceOf([], { type: 'ExternalName', externalName: 'a.example' })
  const other = serviceOf(['IPv4'])
  other.metadata.labels = { 'service.kubernetes.io/service-proxy-name': 'mine' }
  for (const service of [headless, named, other]) {
    expect(planService(service, [sliceOf('IPv4', [1])], node).elements).toEqual([])
  }
  expect(planService(serviceOf(['IPv6']), [sliceOf('IPv6', [1])], nodeOf(['IPv4'])).elements).toEqual([])
})

describe('Where packets go', () => {
  const nodePort = { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }
  const balancer = { ...nodePort, type: 'LoadBalancer' }
  const local = { ...balancer, externalTrafficPolicy: 'Local' }
  const at = (address: string, verdict: string) => `frontends-IPv4: ${address} . tcp . 80 => ${verdict}`
  const onNode = (verdict: string) => `node-ports-IPv4: tcp . 30080 => ${verdict}`

  test.each<[string, ServiceSpec, Hosts, string[]]>([
    ['refused without endpoints', nodePort, [], [at('10.96.0.7', 'goto refuse'), onNode('goto refuse')]],
    [
      'to any endpoint, masqueraded from outside',
      balancer,
      [1, 2],
      [
        at('10.96.0.7', 'goto service-internal-0-2-tcp-IPv4'),
        at('203.0.113.7', 'goto service-external-0-2-tcp-IPv4'),
        onNode('goto node-port-external-0-2-tcp-IPv4'),
      ],
    ],
    [
      'from outside to endpoints of the node alone with externalTrafficPolicy Local',
      local,
      [1, 2, 4],
      [
        at('10.96.0.7', 'goto service-internal-0-3-tcp-IPv4'),
        at('203.0.113.7', 'goto service-local-0-1-of-0-3-tcp-IPv4'),
        onNode('goto node-port-local-0-1-of-0-3-tcp-IPv4'),
      ],
    ],
    [
      'nowhere from outside, where the node has none of them',
      local,
      [2],
      [
        at('10.96.0.7', 'goto service-internal-0-1-tcp-IPv4'),
        at('203.0.113.7', 'goto service-local-none-of-0-1-tcp-IPv4'),
        onNode('goto node-port-local-none-of-0-1-tcp-IPv4'),
      ],
    ],
    [
      'to endpoints of the node with internalTrafficPolicy Local',
      { internalTrafficPolicy: 'Local' },
      [1, 2],
      [at('10.96.0.7', 'goto service-internal-0-1-tcp-IPv4')],
    ],
    [
      'nowhere with internalTrafficPolicy Local where the node has none',
      { internalTrafficPolicy: 'Local' },
      [2],
      [at('10.96.0.7', 'drop')],
    ],
    [
      'past a guard with source ranges, but not to external addresses',
      { ...balancer, loadBalancerSourceRanges: ['192.0.2.0/24'], externalIPs: ['198.51.100.1'] },
      [1],
      [
        at('10.96.0.7', 'goto service-internal-0-1-tcp-IPv4'),
        at('203.0.113.7', 'goto service-guarded-external-0-1-tcp-IPv4'),
        at('198.51.100.1', 'goto service-external-0-1-tcp-IPv4'),
        onNode('goto node-port-external-0-1-tcp-IPv4'),
      ],
    ],
    [
      'once, where an external address is the balancer’s too',
      { ...balancer, ports: [{ port: 80 }], externalIPs: ['203.0.113.7'] },
      [1],
      [
        at('10.96.0.7', 'goto service-internal-0-1-tcp-IPv4'),
        at('203.0.113.7', 'goto service-external-0-1-tcp-IPv4'),
      ],
    ],
  ])('%s', (_, spec, hosts, lines) => {
    expect(frontends(spec, hosts)).toEqual(lines)
  })

  test('to a port of the node in a family that the Service lacks: refused', () => {
    const of = (lines: string[]) => lines.filter(line => line.startsWith('node-ports-IPv6'))
    expect(of(plan(nodePort, [1]))).toEqual(['node-ports-IPv6: tcp . 30080 => goto refuse'])
  })
})

test('With affinity endpoints have numbers that outlive changes', () => {
  const spec = {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  }
  const lines = plan(spec, [2, 4])
  expect(lines.slice(1)).toEqual([
    'frontends-IPv4: 10.96.0.7 . tcp . 80 => goto service-internal-0-2-60s-tcp-IPv4',
    expect.stringMatching(/^sticky-picks-IPv4: 10\.96\.0\.7 \. tcp \. 80 \. 0 => \d+$/),
    expect.stringMatching(
      /^sticky-endpoints-IPv4: 10\.96\.0\.7 \. tcp \. 80 \. \d+ => 10\.244\.1\.2 \. 8080$/,
    ),
    expect.stringMatching(/^sticky-picks-IPv4: 10\.96\.0\.7 \. tcp \. 80 \. 1 => \d+$/),
    expect.stringMatching(
      /^sticky-endpoints-IPv4: 10\.96\.0\.7 \. tcp \. 80 \. \d+ => 10\.244\.1\.4 \. 8080$/,
    ),
  ])
  const without = plan(spec, [4]).find(line => line.startsWith('sticky-endpoints'))
  expect(lines).toContain(without)
  expect(frontends({ sessionAffinity: 'ClientIP' }, [2])[0]).toContain('service-internal-0-1-10800s-tcp-IPv4')
})

test('UDP frontends know who may answer', () => {
  const families = ['IPv6', 'IPv4'] as const
  const service = serviceOf(families, {
    type: 'NodePort',
    ports: [{ port: 53, nodePort: 30053, protocol: 'UDP' }],
  })
  const slices = families.map(family => sliceOf(family, [1], { protocol: 'UDP' }))
  expect(planService(service, slices, nodeOf(families)).udpFrontends).toEqual([
    { family: 'IPv6', address: 'fd00:10:96::7', port: 53, endpoints: new Set(['fd00:10:244:1::1 8080']) },
    { family: 'IPv6', port: 30053, endpoints: new Set(['fd00:10:244:1::1 8080']) },
    { family: 'IPv4', address: '10.96.0.7', port: 53, endpoints: new Set(['10.244.1.1 8080']) },
    { family: 'IPv4', port: 30053, endpoints: new Set(['10.244.1.1 8080']) },
  ])
})

test('A health check counts the ready endpoints of the node in each family', () => {
  const families = ['IPv4', 'IPv6'] as const
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 }
  const slices = [sliceOf('IPv4', [1, 2, 3]), sliceOf('IPv6', [2])]
  expect(planService(serviceOf(families, spec), slices, nodeOf(families)).healthCheck).toEqual({
    namespace: 'ns',
    name: 'web',
    port: 31000,
    localEndpoints: { IPv4: 2, IPv6: 0 },
  })
  const cluster = serviceOf(families, { ...spec, externalTrafficPolicy: 'Cluster' })
  expect(planService(cluster, slices, nodeOf(families)).healthCheck).toBeUndefined()
})
