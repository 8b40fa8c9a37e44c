// The judgements about nodes, on hand-made nodes; breaks of whole clusters are in breaks.test.ts.
import { describe, expect, test } from 'vitest'
import type { CoreV1Event, Node } from '../../api/generated/types.ts'
import { familyOrders, type IPFamilies } from '../../ip/family.ts'
import { detectDistribution } from '../distribution.ts'
import { healthyNode, healthyPod } from '../objects.fake.ts'
import { ownedRanges } from '../ranges.ts'
import { judgePodRanges } from './NODE-01.ts'
import { judgeRangeOrder } from './NODE-02.ts'
import { judgeRanges } from './NODE-03.ts'
import { judgeAddresses } from './NODE-04.ts'
import { judgeAddressOrder } from './NODE-05.ts'
import { judgeReachableAddresses } from './NODE-06.ts'
import { judgeUniformity } from './NODE-07.ts'
import { judgeRoom } from './NODE-08.ts'

const distribution = detectDistribution('v1.36.0', [])
const dual: IPFamilies = ['IPv4', 'IPv6']
const both = (families: IPFamilies) => [healthyNode(1, families), healthyNode(2, families)]
const managerWith = (...args: string[]) => {
  const pod = healthyPod(1, dual, { containers: [{ name: 'c', args }], hostNetwork: true })
  pod.metadata.labels = { component: 'kube-controller-manager' }
  return pod
}
const withAddresses = (node: Node, ...addresses: string[]): Node => ({
  ...node,
  status: { ...node.status, addresses: addresses.map(address => ({ type: 'InternalIP', address })) },
})
const withRanges = (node: Node, ...podCIDRs: string[]): Node => ({
  ...node,
  spec: podCIDRs.length === 0 ? {} : { podCIDR: podCIDRs[0]!, podCIDRs },
})

describe.each(familyOrders.map(families => ({ families })))(
  'Two healthy nodes of $families',
  ({ families }) => {
    const nodes = both(families)
    test.each(families)('pass all judgements for %s', family => {
      const seen = { nodes, pods: [], events: [], distribution, services: [] }
      const verdicts = [
        judgePodRanges(seen, family),
        judgeRangeOrder(nodes, families),
        judgeRanges(seen, family),
        judgeAddresses(seen, family),
        Object(judgeAddressOrder(nodes, families))[family],
        judgeReachableAddresses(nodes, family),
        judgeUniformity(nodes, families),
        judgeRoom(seen, family),
      ]
      expect(verdicts.map(({ outcome }) => outcome)).toEqual(Array(8).fill('pass'))
    })

    test('lack what the other family would need', () => {
      for (const family of dual.filter(each => !families.includes(each))) {
        const seen = { nodes, pods: [], distribution }
        expect(judgePodRanges(seen, family)).toMatchObject({
          outcome: 'fail',
          remedy: distribution.podRanges,
        })
        expect(judgeAddresses(seen, family)).toMatchObject({
          outcome: 'fail',
          remedy: distribution.nodeAddresses,
        })
        expect(judgeReachableAddresses(nodes, family).outcome).toBe('notEvaluable')
      }
    })
  },
)

describe('NODE-01', () => {
  test('names the nodes that joined before there was a range', () => {
    const nodes = [healthyNode(1, dual), healthyNode(2, ['IPv4'])]
    expect(judgePodRanges({ nodes, pods: [], distribution }, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'node2: 10.244.2.0/24',
      remedy: { en: expect.stringContaining('kubectl delete node NODE') },
    })
    expect(judgePodRanges({ nodes, pods: [], distribution }, 'IPv4').outcome).toBe('pass')
  })

  test('cannot judge a CNI plugin that has ranges of its own', () => {
    const nodes = both(dual).map(node => withRanges(node))
    const pods = [healthyPod(1, dual)]
    expect(judgePodRanges({ nodes, pods, distribution }, 'IPv6').outcome).toBe('notEvaluable')
    expect(judgePodRanges({ nodes, pods: [], distribution }, 'IPv6').outcome).toBe('fail')
    expect(judgePodRanges({ nodes: [], pods, distribution }, 'IPv6').outcome).toBe('notEvaluable')
  })
})

describe('NODE-02', () => {
  test('tells a node whose ranges are swapped', () => {
    const nodes = [healthyNode(1, dual), healthyNode(2, ['IPv6', 'IPv4'])]
    expect(judgeRangeOrder(nodes, dual)).toMatchObject({
      outcome: 'fail',
      observed: 'node2: fd00:10:244:2::/64, 10.244.2.0/24',
    })
  })

  test('tells a podCIDR that is not the first of podCIDRs', () => {
    const node = healthyNode(1, dual)
    node.spec!.podCIDR = '10.9.0.0/24'
    expect(judgeRangeOrder([node], dual)).toMatchObject({
      outcome: 'fail',
      observed: 'node1: podCIDR 10.9.0.0/24, podCIDRs[0] 10.244.1.0/24',
    })
    expect(judgeRangeOrder([withRanges(node)], dual).outcome).toBe('notEvaluable')
  })
})

describe('NODE-03', () => {
  const judge = (...ranges: string[]) => {
    const nodes = ranges.map((range, index) => withRanges(healthyNode(index + 1, ['IPv4']), range))
    const services = ownedRanges('ServiceCIDR kubernetes', ['10.96.0.0/16'])
    return judgeRanges({ nodes, services }, 'IPv4')
  }

  test.each([
    [
      'two nodes of one range',
      ['10.244.1.0/24', '10.244.1.0/24'],
      'node1 10.244.1.0/24 = node2 10.244.1.0/24',
    ],
    ['host bits', ['10.244.1.1/24', '10.244.2.0/24'], 'node1 10.244.1.1/24'],
    ['examples', ['192.0.2.0/25', '192.0.2.128/25'], 'documentation, RFC 5737'],
  ])('refuses %s', (_, ranges, observed) => {
    expect(judge(...ranges)).toMatchObject({ outcome: 'fail', observed: expect.stringContaining(observed) })
  })

  test('warns of ranges between which something else lies', () => {
    expect(judge('10.1.0.0/24', '10.200.0.0/24')).toMatchObject({
      outcome: 'warn',
      observed:
        '10.1.0.0/24, node2 10.200.0.0/24: between them lies ServiceCIDR kubernetes 10.96.0.0/16'.replace(
          /^/,
          'node1 ',
        ),
    })
    expect(judge('10.244.0.0/24', '10.244.255.0/24').outcome).toBe('pass')
  })

  test('refuses 2001:db8::/32', () => {
    const nodes = [withRanges(healthyNode(1, ['IPv6']), '2001:db8:1::/64')]
    expect(judgeRanges({ nodes, services: [] }, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'node1 2001:db8:1::/64 (documentation, RFC 3849)',
      remedy: { en: expect.stringContaining('--cluster-cidr') },
    })
  })
})

describe('NODE-04', () => {
  test('is content with several addresses of a family', () => {
    const nodes = [withAddresses(healthyNode(1, dual), '172.20.0.1', 'fd00:172:20::1', 'fd00:172:20::2')]
    expect(judgeAddresses({ nodes, distribution }, 'IPv6')).toEqual({
      outcome: 'pass',
      evidence: 'node1: fd00:172:20::1, fd00:172:20::2',
    })
  })
})

describe('NODE-05', () => {
  test('tells a node that lists another family first', () => {
    const nodes = [healthyNode(1, dual), healthyNode(2, ['IPv6', 'IPv4'])]
    expect(judgeAddressOrder(nodes, dual)).toMatchObject({
      outcome: 'fail',
      observed: 'node2: fd00:172:20::2, 172.20.0.2',
    })
    expect(judgeAddressOrder([withAddresses(nodes[0]!)], dual)).toMatchObject({ outcome: 'notEvaluable' })
  })

  test('warns where one family has an external address and the other has none', () => {
    const node = healthyNode(1, dual)
    node.status!.addresses!.push({ type: 'ExternalIP', address: '8.8.4.4' })
    expect(judgeAddressOrder([node], dual)).toMatchObject({
      IPv4: { outcome: 'pass' },
      IPv6: { outcome: 'warn', observed: 'node1: 8.8.4.4' },
    })
    const global = withAddresses(node, '172.20.0.1', '2600::1')
    global.status!.addresses!.push({ type: 'ExternalIP', address: '8.8.4.4' })
    expect(judgeAddressOrder([global], dual)).toMatchObject({ IPv6: { outcome: 'pass' } })
  })
})

describe('NODE-06', () => {
  test.each([
    ['fe80::1', 'link-local, RFC 4291'],
    ['::1', 'loopback, RFC 4291'],
    ['2001:db8::9', 'documentation, RFC 3849'],
  ])('refuses %s', (address, what) => {
    const nodes = [withAddresses(healthyNode(1, dual), '172.20.0.1', address)]
    expect(judgeReachableAddresses(nodes, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: `node1 ${address} (${what})`,
      remedy: { en: expect.stringContaining('--node-ip') },
    })
    expect(judgeReachableAddresses(nodes, 'IPv4').outcome).toBe('pass')
  })

  test('tells two nodes of one address, however it is written', () => {
    const nodes = [
      withAddresses(healthyNode(1, dual), 'fd00:172:20::1'),
      withAddresses(healthyNode(2, dual), 'fd00:172:20:0::1'),
    ]
    expect(judgeReachableAddresses(nodes, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'node1 = node2 fd00:172:20::1',
    })
  })
})

describe('NODE-07', () => {
  test('counts a half-converted fleet per operating system', () => {
    const windows = healthyNode(3, ['IPv4'])
    windows.metadata.labels = { 'kubernetes.io/os': 'windows' }
    expect(judgeUniformity([...both(dual), windows], dual)).toMatchObject({
      outcome: 'fail',
      observed: 'linux IPv4 + IPv6: 2 (node1, node2); windows IPv4: 1 (node3)',
    })
  })

  test('finds nothing half-converted where all nodes have the one family', () => {
    expect(judgeUniformity(both(['IPv4']), dual)).toEqual({ outcome: 'pass', evidence: 'linux IPv4: 2' })
    expect(
      judgeUniformity(
        both(dual).map(node => withRanges(node)),
        dual,
      ).outcome,
    ).toBe('pass')
    expect(judgeUniformity([], dual).outcome).toBe('notEvaluable')
  })
})

describe('NODE-08', () => {
  const nodes = both(dual)

  test('counts what is left where the controller manager says its range', () => {
    const pods = [managerWith('--cluster-cidr=10.244.0.0/16,fd00:10:244::/62')]
    const seen = { nodes, pods, events: [] }
    expect(judgeRoom(seen, 'IPv4')).toMatchObject({
      outcome: 'pass',
      evidence: '10.244.0.0/16 (--cluster-cidr of pod1): 2 of 256 /24 used',
    })
    expect(
      judgeRoom({ ...seen, pods: [managerWith('--cluster-cidr=10.244.0.0/16,fd00:10:244::/63')] }, 'IPv6'),
    ).toMatchObject({ outcome: 'fail', observed: expect.stringContaining('2 of 2 /64 used') })
  })

  test('infers no more than it sees', () => {
    expect(judgeRoom({ nodes, pods: [], events: [] }, 'IPv6')).toEqual({
      outcome: 'pass',
      evidence: '2 x /64 in fd00:10:244::/62 (inferred from the nodes: it may be larger)',
    })
    expect(judgeRoom({ nodes: [], pods: [], events: [] }, 'IPv6').outcome).toBe('notEvaluable')
  })

  test('believes the controller manager that says a node got none', () => {
    const event: CoreV1Event = {
      metadata: { name: 'e', namespace: 'default' },
      involvedObject: { kind: 'Node', name: 'node3' },
      reason: 'CIDRNotAvailable',
    }
    const seen = { nodes: [...nodes, withRanges(healthyNode(3, dual))], pods: [], events: [event] }
    expect(judgeRoom(seen, 'IPv4')).toMatchObject({ outcome: 'fail', observed: 'node3' })
  })

  test('warns of a range with fewer addresses than Pods', () => {
    const small = [withRanges(healthyNode(1, ['IPv4']), '10.244.0.0/26')]
    expect(judgeRoom({ nodes: small, pods: [], events: [] }, 'IPv4')).toMatchObject({
      outcome: 'warn',
      observed: 'node1 10.244.0.0/26: 110 Pods',
    })
  })
})
