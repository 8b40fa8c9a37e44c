import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EndpointSlice, Service, ServiceSpec } from '../../api/generated/types.ts'
import { familyOrders, formatFamilies, type IPFamilies } from '../../ip/family.ts'
import { FakeNft } from '../nftables/nft.fake.ts'
import { Ruleset } from './ruleset.ts'
import { type PlannedElement, planService } from './serviceplan.ts'
import { proxyTable } from './table.ts'
import { balanced, nodeOf, serviceOf, sliceOf } from './testobjects.fake.ts'

const rulesetOf = (families: IPFamilies) => new Ruleset({ families, hasNodePortRanges: false })

/** Everything in the proxy's table, in an order of its own. */
function contents(nft: FakeNft): unknown {
  const table = nft.tables.get('inet futago-proxy')
  const sorted = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  return (
    table && {
      chains: sorted(table.chains).map(([name, { hook, rules }]) => ({ name, hook, rules })),
      collections: sorted(table.collections).map(([name, elements]) => ({
        name,
        elements: sorted(elements),
      })),
    }
  )
}

describe('The whole table, as nft is given it', () => {
  test.each(familyOrders.map(families => ({ families, name: formatFamilies(families) })))(
    'for a node with $name',
    ({ families }) => {
      const spec: ServiceSpec = {
        type: 'LoadBalancer',
        ports: [{ port: 80, nodePort: 30080 }],
        externalTrafficPolicy: 'Local',
        loadBalancerSourceRanges: ['192.0.2.0/24', 'fd00:1::/64'],
      }
      const node = nodeOf(families)
      const slices = families.map(family => sliceOf(family, [1, 2]))
      const ruleset = rulesetOf(families)
      const service = serviceOf(families, spec, { status: balanced(families) })
      ruleset.replace('ns/web', planService(service, slices, node).elements)
      const sticky = serviceOf(
        families,
        { sessionAffinity: 'ClientIP', ports: [{ port: 443 }] },
        { name: 'b' },
      )
      ruleset.replace('ns/b', planService(sticky, slices, node).elements)
      const golden = new URL(`golden/${families.join('-')}.nft`, import.meta.url)
      expect(ruleset.full().toString()).toBe(readFileSync(golden, 'utf8'))
    },
  )
})

test('One more Service adds its elements and the chains that are new, and takes them with it', () => {
  const ruleset = rulesetOf(['IPv4'])
  const node = nodeOf(['IPv4'])
  const first = planService(serviceOf(['IPv4']), [sliceOf('IPv4', [1, 2])], node)
  ruleset.replace('ns/web', first.elements)
  ruleset.full()
  const more = serviceOf(['IPv4'], { clusterIPs: ['10.96.0.8'] }, { name: 'more' })
  ruleset.replace('ns/more', planService(more, [sliceOf('IPv4', [2])], node).elements)
  expect(ruleset.update().toString().split('\n')).toEqual([
    'add chain inet futago-proxy service-internal-0-1-tcp-IPv4',
    'add chain inet futago-proxy service-pick-0-1-tcp-IPv4',
    'add rule inet futago-proxy service-internal-0-1-tcp-IPv4 ' +
      'ip saddr != @local-pods-IPv4 meta mark set meta mark | 0x4000',
    'add rule inet futago-proxy service-internal-0-1-tcp-IPv4 goto service-pick-0-1-tcp-IPv4',
    'add rule inet futago-proxy service-pick-0-1-tcp-IPv4 ' +
      'dnat ip to ip daddr . tcp dport . numgen random mod 1 offset 0 map @endpoints-tcp-IPv4',
    'add element inet futago-proxy cluster-ips-IPv4 { 10.96.0.8 }',
    'add element inet futago-proxy frontends-IPv4 { 10.96.0.8 . tcp . 80 : goto service-internal-0-1-tcp-IPv4 }',
    'add element inet futago-proxy endpoints-tcp-IPv4 { 10.96.0.8 . 80 . 0 : 10.244.1.2 . 8080 }',
    '',
  ])
  ruleset.replace('ns/more', [])
  expect(ruleset.update().toString().split('\n')).toEqual([
    'delete element inet futago-proxy cluster-ips-IPv4 { 10.96.0.8 }',
    'delete element inet futago-proxy frontends-IPv4 { 10.96.0.8 . tcp . 80 }',
    'delete element inet futago-proxy endpoints-tcp-IPv4 { 10.96.0.8 . 80 . 0 }',
    'flush chain inet futago-proxy service-internal-0-1-tcp-IPv4',
    'flush chain inet futago-proxy service-pick-0-1-tcp-IPv4',
    'delete chain inet futago-proxy service-internal-0-1-tcp-IPv4',
    'delete chain inet futago-proxy service-pick-0-1-tcp-IPv4',
    '',
  ])
  ruleset.replace('ns/web', first.elements)
  expect(ruleset.update().isEmpty).toBe(true)
})

test('Of two that claim a key the first by name has it; the other one follows', () => {
  const ruleset = rulesetOf(['IPv4'])
  ruleset.full()
  const element = (value: string): PlannedElement => ({ collection: 'frontends-IPv4', key: '1', value })
  const change = (owner: string, elements: PlannedElement[]) => {
    ruleset.replace(owner, elements)
    return ruleset.update().toString()
  }
  const add = (value: string) => `add element inet futago-proxy frontends-IPv4 { 1 : ${value} }\n`
  const remove = 'delete element inet futago-proxy frontends-IPv4 { 1 }\n'
  expect(change('b', [element('drop')])).toBe(add('drop'))
  expect(change('c', [element('continue')])).toBe('')
  expect(change('a', [element('return')])).toBe(remove + add('return'))
  expect(change('b', [])).toBe('')
  expect(change('a', [])).toBe(remove + add('continue'))
  expect(change('c', [])).toBe(remove)
  expect([...ruleset.owners]).toEqual([])
})

interface Step {
  readonly name: string
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}

const names = ['a', 'b', 'c']
const bothFamilies: IPFamilies = ['IPv4', 'IPv6']

const specs: fc.Arbitrary<ServiceSpec> = fc.record({
  type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
  ports: fc.constantFrom(
    [{ port: 80, nodePort: 30080 }],
    [{ port: 53, nodePort: 30053, protocol: 'UDP' }],
    [{ port: 80 }, { port: 81, protocol: 'SCTP' }],
  ),
  sessionAffinity: fc.constantFrom('None', 'None', 'ClientIP'),
  internalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
  externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
  externalIPs: fc.constantFrom([], ['198.51.100.1'], ['198.51.100.1', '2001:db8::5']),
  loadBalancerSourceRanges: fc.constantFrom([], ['10.0.0.0/8'], ['10.0.0.0/8', 'fd00::/8']),
})

const hostLists = fc.subarray([1, 2, 3, 4, 5])

const steps: fc.Arbitrary<Step> = fc
  .record({
    name: fc.constantFrom(...names),
    families: fc.constantFrom<IPFamilies>(...familyOrders),
    spec: fc.option(specs, { nil: undefined, freq: 4 }),
    hosts: fc.tuple(hostLists, hostLists),
    protocol: fc.constantFrom('TCP', 'UDP'),
  })
  .map(({ name, families, spec, hosts, protocol }) => {
    // All claim the same balancer address and ports, each has a ClusterIP of its own.
    const index = names.indexOf(name)
    const clusterIPs = { IPv4: `10.96.0.${index}`, IPv6: `fd00:10:96::${index}` }
    const own = { ...spec, clusterIPs: families.map(family => clusterIPs[family]) }
    const service = spec && serviceOf(families, own, { name, status: balanced(families) })
    const slices = bothFamilies.map((family, at) => sliceOf(family, hosts[at]!, { protocol }))
    return { name, service, slices }
  })

test('However Services change, increments lead where building anew leads', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom<IPFamilies>(...familyOrders), fc.array(steps, { maxLength: 12 }), run),
    { numRuns: 150 },
  )
  async function run(families: IPFamilies, changes: readonly Step[]) {
    const node = nodeOf(families)
    const kernel = new FakeNft()
    const ruleset = rulesetOf(families)
    await kernel.run(ruleset.full())
    const last = new Map<string, readonly PlannedElement[]>()
    for (const { name, service, slices } of changes) {
      const elements = service ? planService(service, slices, node).elements : []
      last.set(name, elements)
      ruleset.replace(name, elements)
      await kernel.run(ruleset.update())
      const fresh = rulesetOf(families)
      for (const [owner, owned] of last) fresh.replace(owner, owned)
      const anew = new FakeNft()
      await anew.run(fresh.full())
      expect(contents(kernel)).toEqual(contents(anew))
      expect((await kernel.outline(proxyTable))?.chains).toEqual(ruleset.outline)
    }
  }
})
