import { describe, expect, test } from 'vitest'
import type { EndpointConditions } from '../../api/generated/types.ts'
import { familyOrders } from '../../ip/family.ts'
import { chooseEndpoints, readEndpoints } from './endpoints.ts'
import { nodeOf, sliceOf } from './testobjects.fake.ts'

const node = nodeOf(['IPv4', 'IPv6'], 'zone-a')
const port = { port: 80 }
type Hosts = Parameters<typeof sliceOf>[1]
const read = (hosts: Hosts) => readEndpoints([sliceOf('IPv4', hosts)], { port, family: 'IPv4', node })
const is = (conditions: EndpointConditions) => ({ conditions })
const ending = is({ ready: false, serving: true, terminating: true })
const zone = (name: string) => ({ hints: { forZones: [{ name }] } })
const forNode = (name: string) => ({ hints: { forNodes: [{ name }] } })

/** Hosts of the spans: all that get traffic by policy Cluster, and by policy Local. */
function chosen(hosts: Hosts, usesLocal: boolean) {
  const { endpoints, cluster, local } = chooseEndpoints(read(hosts), node, usesLocal)
  const names = endpoints.map(({ address }) => Number(address.split('.').at(-1)))
  const slice = (span: { from: number; count: number } | undefined) =>
    span && names.slice(span.from, span.from + span.count)
  return { cluster: slice(cluster), local: slice(local) }
}

describe('readEndpoints', () => {
  test.each(familyOrders.map(families => ({ families })))(
    'of each family of $families takes its own slices, in order of address',
    ({ families }) => {
      for (const family of families) {
        const slices = [sliceOf('IPv4', [3, 2]), sliceOf('IPv6', [3, 2])]
        const found = readEndpoints(slices, { port, family, node })
        const expected = {
          IPv4: ['10.244.1.2', '10.244.1.3'],
          IPv6: ['fd00:10:244:1::2', 'fd00:10:244:1::3'],
        }
        expect(found.map(({ address }) => address)).toEqual(expected[family])
        expect(found.map(({ isLocal }) => isLocal)).toEqual([false, true])
      }
    },
  )

  test('leaves out those that neither are ready nor serve; unknown readiness counts as ready', () => {
    const hosts: Hosts = [
      [1, is({})],
      [2, ending],
      [3, is({ ready: false })],
      [4, is({ ready: false, serving: false })],
    ]
    expect(read(hosts).map(({ address, isReady, isServing }) => [address, isReady, isServing])).toEqual([
      ['10.244.1.1', true, true],
      ['10.244.1.2', false, true],
    ])
  })

  test('takes the port of the same name and protocol', () => {
    const slice = sliceOf('IPv4', [1], { port: 5353, protocol: 'UDP' })
    const of = (protocol: string, name = '') =>
      readEndpoints([slice], { port: { port: 53, protocol, name }, family: 'IPv4', node }).map(e => e.port)
    expect([of('UDP'), of('TCP'), of('UDP', 'dns')]).toEqual([[5353], [], []])
  })

  test('counts an endpoint once that stands in two slices, and prefers where it is ready', () => {
    const slices = [sliceOf('IPv4', [[1, ending]]), sliceOf('IPv4', [1])]
    const found = readEndpoints(slices, { port, family: 'IPv4', node })
    expect(found.map(({ isReady }) => isReady)).toEqual([true])
    const other = readEndpoints([...slices].reverse(), { port, family: 'IPv4', node })
    expect(other.map(({ isReady }) => isReady)).toEqual([true])
  })

  test('writes addresses in canonical form', () => {
    const slice = sliceOf('IPv6', [[1, { addresses: ['FD00:0:0::0001'] }]])
    expect(readEndpoints([slice], { port, family: 'IPv6', node })[0]?.address).toBe('fd00::1')
  })
})

describe('chooseEndpoints', () => {
  test.each<[string, Hosts, boolean, { cluster?: number[]; local?: number[] }]>([
    ['all that are ready', [1, 2, [3, ending]], false, { cluster: [1, 2] }],
    [
      'those that end, when none is ready',
      [
        [1, ending],
        [2, ending],
      ],
      false,
      { cluster: [1, 2] },
    ],
    ['none', [], true, {}],
    ['those of the node, for Local', [1, 2, 3], true, { cluster: [1, 3, 2], local: [1, 3] }],
    ['none of the node, for Local', [2, 4], true, { cluster: [2, 4] }],
    [
      'those of the node that end, for Local, beside ready ones elsewhere',
      [[1, ending], 2],
      true,
      { cluster: [2], local: [1] },
    ],
    [
      'those of the zone',
      [
        [1, zone('zone-a')],
        [2, zone('zone-b')],
        [4, zone('zone-a')],
      ],
      false,
      { cluster: [1, 4] },
    ],
    ['all, when one has no hint', [[1, zone('zone-a')], 2], false, { cluster: [1, 2] }],
    ['all, when none is for here', [[1, zone('zone-b')]], false, { cluster: [1] }],
    [
      'those for the node before those for the zone',
      [
        [1, { hints: { ...forNode('node-1').hints, ...zone('zone-a').hints } }],
        [2, { hints: { ...forNode('node-2').hints, ...zone('zone-a').hints } }],
      ],
      false,
      { cluster: [1] },
    ],
    [
      'those of the node for Local, whatever the hints say',
      [
        [1, zone('zone-b')],
        [2, zone('zone-a')],
      ],
      true,
      { cluster: [2], local: [1] },
    ],
  ])('takes %s', (_, hosts, usesLocal, expected) => {
    expect(chosen(hosts, usesLocal)).toEqual({ cluster: undefined, local: undefined, ...expected })
  })
})
