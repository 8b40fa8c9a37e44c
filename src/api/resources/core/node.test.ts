import { describe, expect, test } from 'vitest'
import type { Node } from '../../generated/types.ts'
import { nodes } from './node.ts'

const node = (rest: Partial<Node> = {}): Node => ({ metadata: { name: 'n' }, ...rest })
const texts = (errors: readonly { field: string; message: string }[] | undefined) =>
  (errors ?? []).map(({ field, message }) => `${field}: ${message}`)
const cells = (object: Node) =>
  Object.fromEntries(nodes.columns!.map(column => [column.name, column.cell(object, 120_000)]))

describe('nodes', () => {
  const ranges: [string, Node['spec'], Node['spec']][] = [
    [
      'the first range is the singular one',
      { podCIDRs: ['10.1.0.0/24', 'fd00::/64'] },
      {
        podCIDR: '10.1.0.0/24',
        podCIDRs: ['10.1.0.0/24', 'fd00::/64'],
      },
    ],
    [
      'a singular range becomes the list',
      { podCIDR: 'fd00::/64' },
      { podCIDR: 'fd00::/64', podCIDRs: ['fd00::/64'] },
    ],
    [
      'the singular range wins',
      { podCIDR: '10.2.0.0/24', podCIDRs: ['10.1.0.0/24'] },
      {
        podCIDR: '10.2.0.0/24',
        podCIDRs: ['10.2.0.0/24'],
      },
    ],
    ['no range stays none', { unschedulable: false }, {}],
  ]
  for (const [name, spec, expected] of ranges) {
    test(name, () => {
      const object = node({ spec })
      nodes.default!(object)
      expect(object.spec).toEqual(expected)
    })
  }

  test('what is allocatable defaults to the capacity', () => {
    const object = node({ status: { capacity: { cpu: '4', memory: '1Gi' } } })
    nodes.default!(object)
    expect(object.status?.allocatable).toEqual({ cpu: '4', memory: '1Gi' })
  })

  const refused: [string, Node, string[]][] = [
    [
      'three ranges',
      node({ spec: { podCIDRs: ['10.0.0.0/24', 'fd00::/64', '10.1.0.0/24'] } }),
      [
        'spec.podCIDRs: Invalid value: ["10.0.0.0/24","fd00::/64","10.1.0.0/24"]: ' +
          'may specify no more than one CIDR for each IP family',
      ],
    ],
    [
      'the same range twice',
      node({ spec: { podCIDRs: ['fd00::/64', 'fd00::/64'] } }),
      [
        'spec.podCIDRs: Invalid value: ["fd00::/64","fd00::/64"]: may specify no more ' +
          'than one CIDR for each IP family',
        'spec.podCIDRs[1]: Duplicate value: "fd00::/64"',
      ],
    ],
    [
      'no range at all',
      node({ spec: { podCIDRs: ['x'] } }),
      [
        'spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. ' +
          '10.9.8.0/24 or 2001:db8::/64)',
      ],
    ],
    [
      'a wrong taint',
      node({
        spec: {
          taints: [
            { key: 'a', effect: 'Never' },
            { key: 'b', effect: '' },
          ],
        },
      }),
      [
        'metadata.taints[0].effect: Unsupported value: "Never": ' +
          'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        'metadata.taints[1].effect: Required value',
      ],
    ],
    [
      'a taint twice',
      node({
        spec: {
          taints: [
            { key: 'a', effect: 'NoExecute' },
            { key: 'a', effect: 'NoExecute' },
          ],
        },
      }),
      [
        'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoExecute"}: ' +
          'taints must be unique by key and effect pair',
      ],
    ],
    [
      'a negative capacity',
      node({ status: { capacity: { cpu: '-1' } } }),
      ['status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0'],
    ],
  ]
  for (const [name, object, errors] of refused) {
    test(`${name} is refused`, () => expect(texts(nodes.validate!(object))).toEqual(errors))
  }

  test('both families in either order pass', () => {
    for (const podCIDRs of [
      ['10.0.0.0/24', 'fd00::/64'],
      ['fd00::/64', '10.0.0.0/24'],
    ]) {
      expect(nodes.validate!(node({ spec: { podCIDRs } }))).toEqual([])
    }
  })

  test('ranges and provider are given once', () => {
    const before = node({ spec: { podCIDRs: ['10.0.0.0/24'], providerID: 'a' } })
    expect(nodes.validateUpdate!(before, node())).toEqual([])
    const after = node({ spec: { podCIDRs: ['10.0.0.0/24', 'fd00::/64'], providerID: 'b' } })
    expect(texts(nodes.validateUpdate!(after, before))).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ])
  })

  test('an address may be there once', () => {
    const address = { type: 'InternalIP', address: 'fd00::1' }
    expect(texts(nodes.validateUpdate!(node({ status: { addresses: [address, address] } }), node()))).toEqual(
      ['status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"fd00::1"}'],
    )
  })

  test('its row shows state, roles and addresses', () => {
    const labels = { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' }
    const row = cells({
      metadata: { name: 'n', labels, creationTimestamp: '1970-01-01T00:00:00Z' },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: 'fd00::1' }],
        nodeInfo: { kubeletVersion: 'v1.36.0' } as never,
      },
    })
    expect(row).toEqual({
      Name: 'n',
      Status: 'Ready,SchedulingDisabled',
      Roles: 'control-plane,worker',
      Age: '2m',
      Version: 'v1.36.0',
      'Internal-IP': 'fd00::1',
      'External-IP': '<none>',
      'OS-Image': '<unknown>',
      'Kernel-Version': '<unknown>',
      'Container-Runtime': '<unknown>',
    })
    expect(cells(node())).toMatchObject({ Status: 'Unknown', Roles: '<none>' })
  })
})
