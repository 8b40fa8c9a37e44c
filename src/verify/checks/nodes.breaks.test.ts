// Breaks of what comes before, of nodes, and of what runs on them already.
import {
  type BreakCase,
  describeBreaks,
  internalIPs,
  isAgent,
  isV6,
  type Loose,
  managerPod,
  only,
  serviceCIDR,
  withoutV6,
} from './breaks.fake.ts'

const cases: readonly BreakCase[] = [
  {
    name: 'a server of 1.19',
    broken: { answer: { '/version': { major: '1', minor: '19', gitVersion: 'v1.19.3' } } },
    fails: ['PRE-01'],
    warns: ['MIG-01'],
    reads: ['v1.19.3', 'Upgrade'],
  },
  {
    name: 'a server of 1.22, which does not say its numbers',
    broken: { answer: { '/version': { major: '', minor: '', gitVersion: 'v1.22.1' } } },
    warns: ['PRE-01', 'MIG-01'],
    reads: ['v1.22.1', 'beta', 'Upgrade'],
  },
  {
    name: 'a user who may not list events',
    broken: {
      change: {
        selfsubjectaccessreviews: review => {
          review.status.allowed = review.spec.resourceAttributes.resource !== 'events'
        },
      },
    },
    warns: ['PRE-02'],
    reads: ['list events (cluster): NODE-08', 'futago verify --print-role'],
  },
  {
    name: 'a Service range in which nodes have addresses',
    broken: { add: { servicecidrs: [serviceCIDR('more', '172.20.0.0/24')] } },
    fails: ['PRE-04'],
    reads: ['ServiceCIDR more 172.20.0.0/24 = InternalIP node1', 'Choose disjoint ranges'],
  },
  {
    name: 'a Service range that overlaps Pod ranges',
    broken: { add: { servicecidrs: [serviceCIDR('more', 'fd00:10:244::/60')] } },
    fails: ['PRE-04'],
    warns: ['NODE-03'],
    reads: ['ServiceCIDR more fd00:10:244::/60 = podCIDR node1 fd00:10:244::/64', '/112'],
  },
  {
    name: 'a node without an IPv6 range',
    broken: { change: { nodes: only('node2', node => void node.spec.podCIDRs.splice(1)) } },
    fails: ['NODE-01', 'NODE-07'],
    warns: ['MIG-01'],
    reads: ['node2: 10.244.1.0/24', 'kubectl delete node NODE'],
  },
  {
    name: 'a node with its ranges swapped',
    broken: {
      change: {
        nodes: only('node2', ({ spec }) => {
          spec.podCIDR = spec.podCIDRs.reverse()[0]
        }),
      },
    },
    fails: ['NODE-02'],
    reads: ['node2: fd00:10:244:1::/64, 10.244.1.0/24', '--cluster-cidr'],
  },
  {
    name: 'two nodes with one range',
    broken: {
      change: {
        nodes: only('node2', ({ spec }) => {
          spec.podCIDRs[1] = 'fd00:10:244::/64'
        }),
      },
    },
    fails: ['NODE-03'],
    reads: ['node1 fd00:10:244::/64 = node2 fd00:10:244::/64', '--allocate-node-cidrs=true'],
  },
  {
    name: 'a node without an IPv6 address',
    broken: {
      change: { nodes: only('node2', node => internalIPs(node, ip => (isV6(ip) ? undefined : ip))) },
    },
    fails: ['NODE-04', 'NODE-07'],
    warns: ['MIG-01'],
    reads: ['node2: 172.20.0.', 'futago up --ip-families IPv4,IPv6'],
  },
  {
    name: 'a node that lists IPv6 first',
    broken: { change: { nodes: only('node2', ({ status }) => void status.addresses.reverse()) } },
    fails: ['NODE-05'],
    reads: ['node2: fd00:172:20::', '--node-ip=<IPv4 address>,<IPv6 address>'],
  },
  {
    name: 'a node with a link-local address',
    broken: {
      change: {
        nodes: only('node2', node => internalIPs(node, ip => (isV6(ip) ? 'fe80::2' : ip))),
        pods: pod => {
          if (isAgent(pod) && pod.spec.nodeName === 'node2') pod.status.podIPs[1].ip = 'fe80::2'
        },
      },
    },
    fails: ['NODE-06'],
    reads: ['node2 fe80::2 (link-local, RFC 4291)', '--node-ip='],
  },
  {
    name: 'a cluster range that is used up',
    broken: { add: { pods: [managerPod('--cluster-cidr=10.244.0.0/16,fd00:10:244::/63')] } },
    fails: ['NODE-08'],
    reads: ['fd00:10:244::/63 (--cluster-cidr of kcm): 2 of 2 /64 used', '--node-cidr-mask-size-ipv6'],
  },
  {
    name: 'a hostNetwork Pod that started before its node had IPv6',
    broken: { change: { pods: pod => (isAgent(pod) ? withoutV6(pod) : undefined) } },
    fails: ['POD-08'],
    reads: ['kube-system/agent-', 'kubectl rollout restart -n NAMESPACE daemonset/NAME'],
  },
  {
    name: 'a Pod of one family',
    broken: {
      add: {
        pods: [
          {
            metadata: { name: 'lonely', namespace: 'default' },
            spec: { containers: [], nodeName: 'node1' },
            status: { phase: 'Running', podIPs: [{ ip: '10.244.0.99' }] },
          } as Loose,
        ],
      },
    },
    warns: ['POD-12', 'MIG-01'],
    reads: ['1 of 3 Pods: default/Pod/lonely (1)', 'kubectl rollout restart'],
  },
]

describeBreaks(cases)
