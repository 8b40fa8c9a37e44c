import { describe, expect, test } from 'vitest'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../generated/types.ts'
import { networkPolicies } from './networkpolicy.ts'

const policy = (spec: NetworkPolicy['spec']): NetworkPolicy => ({ metadata: { name: 'p' }, spec })
const problems = (spec: NetworkPolicy['spec']) =>
  networkPolicies.validate!(policy(spec)).map(({ field, message }) => `${field}: ${message}`)
const ofPort = (port: NetworkPolicyPort) => problems({ podSelector: {}, ingress: [{ ports: [port] }] })
const ofPeer = (peer: NetworkPolicyPeer) => problems({ podSelector: {}, egress: [{ to: [peer] }] })

describe('A port', () => {
  test.each<[NetworkPolicyPort, string[]]>([
    [{ port: 80, protocol: 'TCP' }, []],
    [{ port: 'http' }, []],
    [{ port: 32000, endPort: 32768 }, []],
    [{ port: 0 }, ['port: Invalid value: 0: must be between 1 and 65535, inclusive']],
    [{ protocol: 'ICMP' }, ['protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"']],
    [{ port: 90, endPort: 80 }, ['endPort: Invalid value: 90: must be greater than or equal to `port`']],
    [{ port: 90, endPort: 70000 }, ['endPort: Invalid value: 70000: must be between 1 and 65535, inclusive']],
    [{ endPort: 80 }, ['endPort: Invalid value: 80: may not be specified when `port` is not specified']],
    [
      { port: 'http', endPort: 80 },
      ['endPort: Invalid value: 80: may not be specified when `port` is non-numeric'],
    ],
  ])('%j', (port, expected) =>
    expect(ofPort(port)).toEqual(expected.map(text => `spec.ingress[0].ports[0].${text}`)),
  )
})

describe('A peer', () => {
  const strict = 'ipBlock.except[0]: Invalid value'
  test.each<[NetworkPolicyPeer, string[]]>([
    [{ podSelector: {}, namespaceSelector: {} }, []],
    [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }, []],
    [{ ipBlock: { cidr: 'fd00::/8', except: ['fd00:1::/32'] } }, []],
    [{}, [': Required value: must specify a peer']],
    [{ ipBlock: { cidr: '' } }, ['.ipBlock.cidr: Required value']],
    [
      { ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} },
      [': Forbidden: may not specify both ipBlock and another peer'],
    ],
    [
      { ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } },
      [`.${strict}: "10.0.0.0/8": must be a strict subset of \`cidr\``],
    ],
    [
      { ipBlock: { cidr: 'fd00::/8', except: ['10.1.0.0/16'] } },
      [`.${strict}: "10.1.0.0/16": must be a strict subset of \`cidr\``],
    ],
  ])('%j', (peer, expected) =>
    expect(ofPeer(peer)).toEqual(expected.map(text => `spec.egress[0].to[0]${text}`)),
  )

  test('no range is named as it was written', () => {
    expect(ofPeer({ ipBlock: { cidr: '10.0.0.0/33' } })).toEqual([
      expect.stringContaining('spec.egress[0].to[0].ipBlock.cidr: Invalid value: "10.0.0.0/33"'),
    ])
  })
})

test('Types are Ingress and Egress, each at most once', () => {
  expect(problems({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })).toEqual([])
  expect(problems({ podSelector: {}, policyTypes: ['Both'] })).toEqual([
    'spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"',
  ])
  expect(problems({ podSelector: {}, policyTypes: ['Ingress', 'Egress', 'Ingress'] })).toEqual([
    'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes',
  ])
})

test('A selector is checked', () => {
  const podSelector = { matchExpressions: [{ key: 'app', operator: 'In', values: [] }] }
  expect(problems({ podSelector })).toEqual([
    "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ])
})

test('A range that is not in canonical form is warned of', () => {
  const from = [{ ipBlock: { cidr: 'fd00:0:0::/64' } }]
  expect(networkPolicies.warnings!(policy({ podSelector: {}, ingress: [{ from }] }))).toEqual([
    'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "fd00:0:0::/64" should be in RFC 5952 canonical format ("fd00::/64")',
  ])
})
