import { expect, test } from 'vitest'
import type { PodSpec } from '../api/generated/types.ts'
import { formatResolvConf, planPodDNS } from './resolvconf.ts'

const settings = {
  clusterDNS: ['10.96.0.10', 'fd00:10:96::a'],
  clusterDomain: 'cluster.local',
  node: { nameservers: ['192.0.2.53'], searches: ['example.com'], options: [] },
}
const podWith = (spec: Partial<PodSpec>) => ({
  metadata: { name: 'p', namespace: 'ns' },
  spec: { containers: [], ...spec },
})
const text = (spec: Partial<PodSpec>, overrides = {}) =>
  formatResolvConf(planPodDNS(podWith(spec), { ...settings, ...overrides }).config)

test.each([
  ['IPv4', ['10.96.0.10']],
  ['IPv6', ['fd00:10:96::a']],
  ['IPv4,IPv6', ['10.96.0.10', 'fd00:10:96::a']],
  ['IPv6,IPv4', ['fd00:10:96::a', '10.96.0.10']],
])('ClusterFirst asks the cluster DNS, one name server per family in order: %s', (_, clusterDNS) => {
  expect(text({ dnsPolicy: 'ClusterFirst' }, { clusterDNS })).toBe(
    `search ns.svc.cluster.local svc.cluster.local cluster.local example.com
${clusterDNS.map(ip => `nameserver ${ip}\n`).join('')}options ndots:5
`,
  )
})

test("Default, a host network Pod and a cluster without DNS use the node's servers", () => {
  const node = 'search example.com\nnameserver 192.0.2.53\n'
  expect(text({ dnsPolicy: 'Default' })).toBe(node)
  expect(text({ dnsPolicy: 'ClusterFirst', hostNetwork: true })).toBe(node)
  expect(text({ dnsPolicy: 'ClusterFirst' }, { clusterDNS: [] })).toBe(node)
  expect(text({ dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true })).toContain('nameserver 10.96.0.10')
})

test('None has only what dnsConfig says; elsewhere dnsConfig is merged and its options win', () => {
  const dnsConfig = {
    nameservers: ['2001:db8::53'],
    searches: ['svc.cluster.local', 'my.domain'],
    options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
  }
  expect(text({ dnsPolicy: 'None', dnsConfig })).toBe(
    'search svc.cluster.local my.domain\nnameserver 2001:db8::53\noptions ndots:2 edns0\n',
  )
  expect(text({ dnsPolicy: 'ClusterFirst', dnsConfig })).toBe(
    `search ns.svc.cluster.local svc.cluster.local cluster.local example.com my.domain
nameserver 10.96.0.10
nameserver fd00:10:96::a
nameserver 2001:db8::53
options ndots:2 edns0
`,
  )
})

test('A fourth name server and a 33rd search domain are dropped with a warning', () => {
  const searches = Array.from({ length: 33 }, (_, i) => `d${i}`)
  const plan = planPodDNS(
    podWith({ dnsPolicy: 'None', dnsConfig: { nameservers: ['a', 'b', 'c', 'd'], searches } }),
    settings,
  )
  expect(plan.config.nameservers).toEqual(['a', 'b', 'c'])
  expect(plan.config.searches).toHaveLength(32)
  expect(plan.warnings).toEqual([
    'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: a b c',
    expect.stringMatching(/^Search Line limits were exceeded, .* is: d0 d1 .* d31$/),
  ])
})
