// The judgements about ranges, Services and what leads to them, on hand-made objects.
import { describe, expect, test } from 'vitest'
import type { EndpointSlice, NetworkPolicy } from '../../api/generated/types.ts'
import {
  familyOrders,
  formatFamilies,
  type IPFamilies,
  otherFamily,
  unspecifiedAddress,
} from '../../ip/family.ts'
import { detectDistribution } from '../distribution.ts'
import { healthyNode, healthyPod, healthyService, podAddress } from '../objects.fake.ts'
import { ownedRanges } from '../ranges.ts'
import { judgeDual } from './LB-02.ts'
import { judgeSingle } from './LB-03.ts'
import { entrancesOf, judgeEntrances } from './LB-08.ts'
import { planMigration } from './MIG-01.ts'
import { judgePolicies } from './NP-03.ts'
import { judgeServiceRanges } from './PRE-04.ts'
import { compareEndpoints, judgeEndpoints } from './SVC-09.ts'
import { findDiscrepancies, judgeBooks } from './SVC-19.ts'

const dual: IPFamilies = ['IPv4', 'IPv6']
const orders = familyOrders.map(families => ({ families, named: formatFamilies(families) }))

describe('PRE-04', () => {
  const judge = (cidr: string, hasServiceCIDRs = false) => {
    const ranges = { ranges: ownedRanges('--service-cluster-ip-range', [cidr]), hasServiceCIDRs }
    const nodes = [healthyNode(1, dual)]
    const seen = { ranges, nodes, pods: [healthyPod(1, dual)] }
    return judgeServiceRanges(seen, cidr.includes(':') ? 'IPv6' : 'IPv4')
  }

  test('warns of an IPv6 range of which older servers use a part', () => {
    expect(judge('fd00:10:96::/108')).toMatchObject({
      outcome: 'warn',
      remedy: { en: expect.stringContaining('/112') },
    })
    expect(judge('fd00:10:96::/108', true).outcome).toBe('pass')
    expect(judge('fd00:10:96::/112').outcome).toBe('pass')
    expect(judge('10.96.0.0/12').outcome).toBe('pass')
  })

  test.each([
    ['10.244.0.0/20', 'podCIDR node1 10.244.1.0/24'],
    ['172.20.0.0/24', 'InternalIP node1 172.20.0.1'],
    ['2001:db8:1::/112', 'documentation, RFC 3849'],
  ])('refuses %s', (cidr, observed) => {
    expect(judge(cidr)).toMatchObject({ outcome: 'fail', observed: expect.stringContaining(observed) })
  })

  test('judges nothing where nothing is known', () => {
    const seen = { ranges: undefined, nodes: [], pods: [] }
    expect(judgeServiceRanges(seen, 'IPv4').outcome).toBe('notEvaluable')
  })
})

describe('SVC-09', () => {
  const slice = (family: 'IPv4' | 'IPv6', ...nodes: number[]): EndpointSlice => ({
    metadata: { name: family, labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: family,
    endpoints: nodes.map(index => ({ addresses: [podAddress[family](index)], conditions: { ready: true } })),
    ports: [],
  })

  test.each(orders)('finds Pods and endpoints of $named alike', ({ families }) => {
    const service = healthyService('web', families)
    const seen = {
      pods: [healthyPod(1, families), healthyPod(2, families)],
      slices: families.map(family => slice(family, 1, 2)),
    }
    for (const family of families) {
      expect(compareEndpoints(service, seen, family)).toBeUndefined()
      const short = { ...seen, slices: [slice(family, 1)] }
      expect(compareEndpoints(service, short, family)).toMatchObject({ missing: [podAddress[family](2)] })
    }
  })

  test('an endpoint that says nothing of its readiness is ready, and one that is not is none', () => {
    const service = healthyService('web', ['IPv4'])
    const unknown = { ...slice('IPv4', 1), endpoints: [{ addresses: [podAddress.IPv4(1)] }] }
    expect(
      compareEndpoints(service, { pods: [healthyPod(1, dual)], slices: [unknown] }, 'IPv4'),
    ).toBeUndefined()
    const notReady = {
      ...unknown,
      endpoints: [{ addresses: [podAddress.IPv4(1)], conditions: { ready: false } }],
    }
    const pod = healthyPod(1, dual)
    pod.status!.conditions = [{ type: 'Ready', status: 'False' }]
    expect(compareEndpoints(service, { pods: [pod], slices: [notReady] }, 'IPv4')).toBeUndefined()
  })

  test('judges nothing where no Service selects Pods', () => {
    expect(judgeEndpoints({ judged: 0, problems: [] }, 'IPv6').outcome).toBe('notEvaluable')
  })
})

describe('SVC-19', () => {
  const record = (name: string, service: string) => ({
    metadata: { name },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: service } },
  })
  const ready = [{ type: 'Ready', status: 'True' } as never]
  const serviceCIDRs = [
    {
      metadata: { name: 'kubernetes' },
      spec: { cidrs: ['10.96.0.0/28', 'fd00:10:96::/112'] },
      status: { conditions: ready },
    },
  ]
  const services = [healthyService('web', dual)]

  test("finds what is not recorded, what is recorded for another, and what is nobody's", () => {
    const ipAddresses = [record('fd00:10:96::10', 'other'), record('10.96.0.3', 'gone')]
    expect(findDiscrepancies({ serviceCIDRs, ipAddresses, services })).toEqual([
      { address: '10.96.0.10', service: 'default/web', kind: 'unrecorded' },
      { address: 'fd00:10:96::10', service: 'default/web', kind: 'unrecorded' },
      { address: '10.96.0.3', service: 'default/gone', kind: 'orphaned' },
    ])
  })

  test('says which address is wrong, in its family only', () => {
    const books = { serviceCIDRs, ipAddresses: [], services: [] }
    const wrong = [{ address: '10.96.0.3', service: 'default/gone', kind: 'orphaned' as const }]
    expect(judgeBooks(books, wrong, 'IPv4')).toMatchObject({
      outcome: 'fail',
      observed: 'IPAddress 10.96.0.3: no Service default/gone',
    })
    expect(judgeBooks(books, wrong, 'IPv6').outcome).toBe('pass')
  })

  test('refuses a ClusterIP of no range, and warns of a range that is nearly full', () => {
    const stray = healthyService('stray', ['IPv4'], { clusterIPs: ['10.97.0.1'] })
    expect(judgeBooks({ serviceCIDRs, ipAddresses: [], services: [stray] }, [], 'IPv4')).toMatchObject({
      outcome: 'fail',
      observed: 'default/stray 10.97.0.1: of no ServiceCIDR',
    })
    const many = Array.from({ length: 15 }, (_, index) => record(`10.96.0.${index + 1}`, `s${index}`))
    expect(judgeBooks({ serviceCIDRs, ipAddresses: many, services: [] }, [], 'IPv4')).toMatchObject({
      outcome: 'warn',
      observed: 'ServiceCIDR kubernetes 10.96.0.0/28: 15 of 16 used',
    })
  })
})

describe('Load balancers', () => {
  const v4 = { ip: '172.21.0.1' }
  const v6 = { ip: 'fd00:172:21::1' }

  test.each([
    ['both', [v4, v6], [v4, v6], 'pass'],
    ['one with PreferDualStack, none with RequireDualStack', [v4], [], 'warn'],
    ['one with each', [v4], [v4], 'fail'],
    ['both, and none with RequireDualStack', [v4, v6], [], 'fail'],
    ['a name', [{ hostname: 'lb.example' }], [{ hostname: 'lb.example' }], 'notEvaluable'],
  ] as const)('LB-02: %s', (_, preferred, required, outcome) => {
    expect(judgeDual({ preferred, required }, 'IPv6', undefined).outcome).toBe(outcome)
  })

  test.each([
    ['its family', [v6], 'pass'],
    ['none', [], 'fail'],
    ['another family', [v4], 'fail'],
    ['both', [v4, v6], 'fail'],
    ['a name', [{ hostname: 'lb.example' }], 'notEvaluable'],
  ] as const)('LB-03: %s', (_, ingress, outcome) => {
    expect(judgeSingle(ingress, 'IPv6', undefined).outcome).toBe(outcome)
  })

  test('LB-08: Services, Ingresses and Gateways are ways in, names are not looked at', () => {
    const service = healthyService('web', dual, { type: 'LoadBalancer' })
    service.status = { loadBalancer: { ingress: [v4] } }
    const gateway = {
      metadata: { name: 'gate', namespace: 'default' },
      status: {
        addresses: [
          { type: 'IPAddress', value: v6.ip },
          { type: 'Hostname', value: 'gate.example' },
        ],
      },
    }
    const ingress = {
      metadata: { name: 'in', namespace: 'default' },
      status: { loadBalancer: { ingress: [{ hostname: 'x' }] } },
    }
    const entrances = entrancesOf({ services: [service], ingresses: [ingress], gateways: [gateway] })
    expect(judgeEntrances(entrances, 'IPv6')).toMatchObject({
      outcome: 'warn',
      observed: 'Service default/web (IPv4, IPv6): 172.21.0.1',
    })
    expect(judgeEntrances(entrances, 'IPv4')).toMatchObject({
      outcome: 'warn',
      observed: 'Gateway default/gate: fd00:172:21::1',
    })
    expect(judgeEntrances([], 'IPv4').outcome).toBe('notEvaluable')
  })
})

describe.each(dual.map(family => ({ family })))('NP-03 for $family', ({ family }) => {
  const other = otherFamily(family)
  const all = (of: 'IPv4' | 'IPv6', ...except: string[]) => ({
    ipBlock: { cidr: `${unspecifiedAddress[of]}/0`, ...(except.length > 0 ? { except } : {}) },
  })
  const policy = (...from: object[]): NetworkPolicy => ({
    metadata: { name: 'web', namespace: 'default' },
    spec: { podSelector: {}, ingress: [{ from }] },
  })
  const priv = { IPv4: ['10.0.0.0/8'], IPv6: ['fc00::/7'] }

  test('warns where everything of the other family is let in and nothing of this one', () => {
    expect(judgePolicies([policy(all(other))], family).outcome).toBe('warn')
    expect(judgePolicies([policy(all(other))], other).outcome).toBe('pass')
    expect(judgePolicies([policy(all(other), all(family))], family).outcome).toBe('pass')
  })

  test('fails where only the other family has exceptions', () => {
    const half = policy(all(other, ...priv[other]), all(family))
    expect(judgePolicies([half], family)).toMatchObject({ outcome: 'fail' })
    const whole = policy(all(other, ...priv[other]), all(family, ...priv[family]))
    expect(judgePolicies([whole], family).outcome).toBe('pass')
  })
})

describe('MIG-01', () => {
  const version = { major: 1, minor: 33, gitVersion: 'v1.33.0' }
  const plan = (families: IPFamilies, primary?: 'IPv4' | 'IPv6') =>
    planMigration({
      families,
      primary,
      version,
      distribution: detectDistribution(version.gitVersion, []),
      nodes: [healthyNode(1, families), healthyNode(2, families)],
      pods: [healthyPod(1, families)],
      services: [healthyService('web', families)],
      policies: [],
    })

  test.each(orders)('plans from $named, addresses first and Services last', ({ families }) => {
    const planned = plan(families)
    if (families.length > 1) return expect(planned.outcome).toBe('pass')
    const remedy = Object(planned).remedy.en as string
    const first = remedy.split('\n').map(line => line.slice(0, 24))
    expect(first).toEqual([
      '1. Give every node an ad',
      '2. Give Pods a second ra',
      '3. Only when all nodes a',
      '4. Recreate the Pods, so',
      '5. Give Services that sh',
      '6. The primary family st',
    ])
    expect(remedy).toContain('latest 1.33 patch or 1.34')
    expect(remedy.split('\n').at(-1)).toContain(`stays ${families[0]}`)
  })

  test.each(orders)('refuses to change the primary family of $named', ({ families }) => {
    const swapped = plan(families, otherFamily(families[0]!))
    expect(swapped).toMatchObject({ outcome: 'warn', remedy: { en: expect.stringContaining('Do not swap') } })
    expect(Object(swapped).remedy.en).not.toContain('1. ')
  })
})
