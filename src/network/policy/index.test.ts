// NetworkPolicies as nftables: the table and its contents, written out.
import { describe, expect, test } from 'vitest'
import type { NetworkPolicy, Pod } from '../../api/generated/types.ts'
import { policyPod } from './peers.ts'
import { policy, stateOf, world } from './policies.fake.ts'
import { mergeRanges } from './rules.ts'
import { policyState } from './state.ts'
import type { PolicyState } from './table.ts'
import { planTable } from './update.ts'

/** Rules of the chains of policies, in the direction. */
const rulesOf = (state: PolicyState, direction = 'ingress') =>
  [...state.chains.values()]
    .filter(({ name }) => name.startsWith(`${direction}-policy-`))
    .flatMap(({ rules }) => rules.map(rule => rule.replace(/-[0-9a-f]{12}-/g, '-…-')))
const setsOf = (state: PolicyState, kind: string) =>
  [...state.collections]
    .filter(([name]) => name.startsWith(`${kind}-`))
    .map(([name, { elements }]) => [name.replace(/.*-/, ''), [...elements.keys()]])

const neighbours =
  'icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, nd-router-solicit, ' +
  'nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect, mld2-listener-report } accept'

test('the whole table of one policy', () => {
  const state = stateOf(
    policy('db', {
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }] }],
    }),
  )
  const text = planTable(state)
    .toString()
    .replace(/-[0-9a-f]{12}/g, '-#')
  expect(text).toBe(`add table inet futago-policy
delete table inet futago-policy
add table inet futago-policy
add set inet futago-policy pods-#-IPv4 { type ipv4_addr; }
add set inet futago-policy pods-#-IPv6 { type ipv6_addr; }
add set inet futago-policy self-IPv4 { type ipv4_addr . ipv4_addr; }
add map inet futago-policy egress-pods-IPv4 { type ipv4_addr : verdict; }
add map inet futago-policy ingress-pods-IPv4 { type ipv4_addr : verdict; }
add set inet futago-policy self-IPv6 { type ipv6_addr . ipv6_addr; }
add map inet futago-policy egress-pods-IPv6 { type ipv6_addr : verdict; }
add map inet futago-policy ingress-pods-IPv6 { type ipv6_addr : verdict; }
add chain inet futago-policy ingress-policy-#
add chain inet futago-policy ingress-pods-#
add chain inet futago-policy egress { type filter hook forward priority 10; policy accept; }
add chain inet futago-policy ingress { type filter hook forward priority 11; policy accept; }
add element inet futago-policy pods-#-IPv4 { 10.244.1.6 }
add element inet futago-policy pods-#-IPv6 { fd00:10:244:1::6 }
add element inet futago-policy self-IPv4 { 10.244.1.5 . 10.244.1.5 }
add element inet futago-policy ingress-pods-IPv4 { 10.244.1.5 : goto ingress-pods-# }
add element inet futago-policy self-IPv6 { fd00:10:244:1::5 . fd00:10:244:1::5 }
add element inet futago-policy ingress-pods-IPv6 { fd00:10:244:1::5 : goto ingress-pods-# }
add rule inet futago-policy ingress-policy-# ip saddr @pods-#-IPv4 tcp dport { 5432 } accept
add rule inet futago-policy ingress-policy-# ip6 saddr @pods-#-IPv6 tcp dport { 5432 } accept
add rule inet futago-policy ingress-pods-# jump ingress-policy-#
add rule inet futago-policy ingress-pods-# drop
add rule inet futago-policy egress ct state established,related accept
add rule inet futago-policy egress ${neighbours}
add rule inet futago-policy egress ip saddr . ip daddr @self-IPv4 accept
add rule inet futago-policy egress ip6 saddr . ip6 daddr @self-IPv6 accept
add rule inet futago-policy egress ip saddr vmap @egress-pods-IPv4
add rule inet futago-policy egress ip6 saddr vmap @egress-pods-IPv6
add rule inet futago-policy ingress ct state established,related accept
add rule inet futago-policy ingress ${neighbours}
add rule inet futago-policy ingress ip saddr . ip daddr @self-IPv4 accept
add rule inet futago-policy ingress ip6 saddr . ip6 daddr @self-IPv6 accept
add rule inet futago-policy ingress ip daddr vmap @ingress-pods-IPv4
add rule inet futago-policy ingress ip6 daddr vmap @ingress-pods-IPv6
`)
})

describe('ports', () => {
  test.each<[string, object[] | undefined, string[]]>([
    ['none given are all', undefined, ['accept']],
    [
      'numbers share a rule for each protocol',
      [{ port: 80 }, { port: 443 }, { port: 53, protocol: 'UDP' }],
      ['tcp dport { 80, 443 } accept', 'udp dport { 53 } accept'],
    ],
    ['a range', [{ port: 8000, endPort: 9000 }], ['tcp dport { 8000-9000 } accept']],
    [
      'ranges that overlap',
      [{ port: 80, endPort: 90 }, { port: 85, endPort: 99 }, { port: 80 }],
      ['tcp dport { 80-99 } accept'],
    ],
    ['a protocol alone', [{ protocol: 'SCTP' }], ['meta l4proto sctp accept']],
    [
      'a protocol alone outweighs its numbers',
      [{ port: 80 }, { protocol: 'TCP' }],
      ['meta l4proto tcp accept'],
    ],
    [
      'a name is what the receiver calls so',
      [{ port: 'http' }],
      ['ip daddr . tcp dport @named-…-IPv4 accept', 'ip6 daddr . tcp dport @named-…-IPv6 accept'],
    ],
  ])('%s', (_, ports, expected) => {
    const rule = ports ? { ports } : {}
    expect(rulesOf(stateOf(policy('db', { policyTypes: ['Ingress'], ingress: [rule] })))).toEqual(expected)
  })

  test('a name is looked up in the Pods that receive: the policy’s for ingress, the peers for egress', () => {
    const to = [{ namespaceSelector: {} }]
    const ingress = stateOf(
      policy('db', { policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 'http' }] }] }),
    )
    expect(setsOf(ingress, 'named')).toEqual([
      ['IPv4', ['10.244.1.5 . 8080']],
      ['IPv6', ['fd00:10:244:1::5 . 8080']],
    ])
    const egress = stateOf(
      policy('db', { policyTypes: ['Egress'], egress: [{ to, ports: [{ port: 'http' }] }] }),
    )
    expect(setsOf(egress, 'named')[0]).toEqual([
      'IPv4',
      ['10.244.1.5 . 8080', '10.244.1.6 . 8080', '10.244.2.6 . 8080'],
    ])
  })

  test.each([
    [
      ['80', '81', '90-95', '94-99', '1'],
      ['1', '80-81', '90-99'],
    ],
    [['443'], ['443']],
  ])('%s becomes %s', (numbers, merged) => {
    expect(mergeRanges(numbers)).toEqual(merged)
  })
})

describe('peers', () => {
  const from = (...peers: object[]) =>
    stateOf(policy('db', { policyTypes: ['Ingress'], ingress: [{ from: peers }] }))
  const inOps = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }

  test.each<[string, object[], string[]]>([
    ['Pods of the policy’s namespace', [{ podSelector: { matchLabels: { app: 'web' } } }], ['10.244.1.6']],
    ['all Pods of a namespace', [inOps], ['10.244.2.6']],
    ['some Pods of a namespace', [{ ...inOps, podSelector: { matchLabels: { app: 'no' } } }], []],
    ['all Pods of all namespaces', [{ namespaceSelector: {} }], ['10.244.1.5', '10.244.1.6', '10.244.2.6']],
    ['several peers', [inOps, { podSelector: {} }], ['10.244.2.6', '10.244.1.5', '10.244.1.6']],
  ])('%s', (_, peers, expected) => {
    const state = from(...peers)
    expect(setsOf(state, 'pods')[0]).toEqual(['IPv4', expected])
    expect(rulesOf(state)).toEqual(['ip saddr @pods-…-IPv4 accept', 'ip6 saddr @pods-…-IPv6 accept'])
  })

  test.each<[string, object[], object[]]>([
    ['a block', [{ ipBlock: { cidr: '192.0.2.0/24' } }], [['IPv4', ['192.0.2.0/24']]]],
    ['a block of the other family', [{ ipBlock: { cidr: '2001:db8::/32' } }], [['IPv6', ['2001:db8::/32']]]],
    [
      'a block with an exception',
      [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.128/25'] } }],
      [['IPv4', ['192.0.2.0/25']]],
    ],
    ['everything but', [{ ipBlock: { cidr: '::/0', except: ['8000::/1'] } }], [['IPv6', ['::/1']]]],
    [
      'an exception of the other family means nothing',
      [{ ipBlock: { cidr: '0.0.0.0/0', except: ['2001:db8::/32'] } }],
      [['IPv4', ['0.0.0.0/0']]],
    ],
    [
      'blocks within each other',
      [{ ipBlock: { cidr: '10.0.0.0/8' } }, { ipBlock: { cidr: '10.1.0.0/16' } }],
      [['IPv4', ['10.0.0.0/8']]],
    ],
    [
      'both families',
      [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }],
      [
        ['IPv4', ['0.0.0.0/0']],
        ['IPv6', ['::/0']],
      ],
    ],
  ])('%s', (_, peers, expected) => {
    expect(setsOf(from(...peers), 'blocks')).toEqual(expected)
  })

  test('a block of one family lets nothing of the other in', () => {
    expect(rulesOf(from({ ipBlock: { cidr: '0.0.0.0/0' } }))).toEqual(['ip saddr @blocks-…-IPv4 accept'])
  })

  test('no rule is nobody, an empty rule is everybody', () => {
    expect(rulesOf(stateOf(policy('db', { policyTypes: ['Ingress'] })))).toEqual([])
    expect(rulesOf(stateOf(policy('db', { policyTypes: ['Ingress'], ingress: [{}] })))).toEqual(['accept'])
  })

  test('egress looks at where packets go', () => {
    const state = stateOf(policy('db', { policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] }))
    expect(rulesOf(state, 'egress')[0]).toBe('ip daddr @pods-…-IPv4 accept')
    expect(rulesOf(state, 'ingress')).toEqual([])
  })
})

describe('who is guarded', () => {
  const guarded = (state: PolicyState, direction: string) => [
    ...state.collections.get(`${direction}-pods-IPv6`)!.elements.keys(),
  ]

  test.each<[string, NetworkPolicy['spec'], string[], string[]]>([
    ['types not given: ingress', {}, ['fd00:10:244:1::5'], []],
    [
      'types not given, with egress rules: both',
      { egress: [{}] },
      ['fd00:10:244:1::5'],
      ['fd00:10:244:1::5'],
    ],
    ['egress only', { policyTypes: ['Egress'] }, [], ['fd00:10:244:1::5']],
    [
      'all Pods of the namespace that are here',
      { podSelector: {} },
      ['fd00:10:244:1::5', 'fd00:10:244:1::6'],
      [],
    ],
  ])('%s', (_, spec, ingress, egress) => {
    const state = stateOf(policy('p', spec))
    expect([guarded(state, 'ingress'), guarded(state, 'egress')]).toEqual([ingress, egress])
  })

  test('a policy about Pods of other nodes adds nothing here', () => {
    const state = stateOf(policy('p', { podSelector: {} }, 'ops'))
    expect([...state.chains.keys()]).toEqual(['egress', 'ingress'])
  })

  test('several policies add up: each is asked, then the rest is dropped', () => {
    const state = stateOf(policy('a', {}), policy('b', { ingress: [{}] }))
    const group = [...state.chains.values()].find(({ name }) => name.startsWith('ingress-pods-'))
    expect(group?.rules.map(rule => rule.replace(/-[0-9a-f]{12}/, '-#'))).toEqual([
      'jump ingress-policy-#',
      'jump ingress-policy-#',
      'drop',
    ])
  })

  test.each<[string, Pod]>([
    [
      'of the node’s network',
      {
        metadata: {},
        spec: { hostNetwork: true, containers: [] },
        status: { podIPs: [{ ip: '172.30.0.1' }] },
      },
    ],
    ['that have ended', { metadata: {}, status: { phase: 'Succeeded', podIPs: [{ ip: '10.244.1.9' }] } }],
    ['without addresses', { metadata: {} }],
  ])('Pods %s are none', (_, given) => {
    expect(policyPod(given)).toBeUndefined()
  })

  test('a policy that cannot be read leaves the others in force', () => {
    const broken = policy('a', { podSelector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } })
    const errors: string[] = []
    const state = policyState({
      ...world,
      policies: [broken, policy('b', {})],
      onError: ({ metadata }, error) => errors.push(`${metadata.name}: ${String(error)}`),
    })
    expect(guarded(state, 'ingress')).toEqual(['fd00:10:244:1::5'])
    expect(errors).toEqual(['a: Error: "Near" is not a valid label selector operator'])
  })
})
