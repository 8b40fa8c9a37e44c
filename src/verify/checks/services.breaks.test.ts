// Breaks of Services, their endpoints and addresses, and of what lets them be reached.
import {
  type BreakCase,
  denied,
  describeBreaks,
  isPlain,
  isShop,
  type Loose,
  only,
  policy,
  refuse,
  withoutV6,
} from './breaks.fake.ts'

const cases: readonly BreakCase[] = [
  {
    name: 'a webhook that makes plain Services dual-stack',
    broken: {
      send: {
        services: body => {
          if (isPlain(body) && !body.spec.ipFamilyPolicy) body.spec.ipFamilyPolicy = 'PreferDualStack'
        },
      },
    },
    fails: ['SVC-01'],
    reads: ['PreferDualStack IPv4,IPv6: 10.96.', 'kubectl get mutatingwebhookconfigurations'],
  },
  {
    name: 'a policy that refuses IPv6 Services',
    broken: {
      send: {
        services: ({ spec }) => {
          if (spec.ipFamilies?.join() === 'IPv6' && !spec.clusterIPs) refuse(denied)
        },
      },
    },
    fails: ['SVC-02'],
    reads: [denied, 'futago up --ip-families IPv4,IPv6'],
  },
  {
    name: 'a webhook that makes PreferDualStack Services single-stack',
    broken: {
      send: {
        services: body => {
          if (isPlain(body) && body.spec.ipFamilyPolicy === 'PreferDualStack') {
            body.spec.ipFamilyPolicy = 'SingleStack'
          }
        },
      },
    },
    fails: ['SVC-03'],
    reads: ['SingleStack IPv4: 10.96.', '--service-cluster-ip-range'],
  },
  {
    name: 'a policy that refuses RequireDualStack',
    broken: {
      send: {
        services: body => {
          if (isPlain(body) && body.spec.ipFamilyPolicy === 'RequireDualStack' && body.kind) refuse(denied)
        },
      },
    },
    fails: ['SVC-04'],
    reads: [denied, '--service-cluster-ip-range'],
  },
  {
    name: 'a webhook that sorts ipFamilies',
    broken: { send: { services: ({ spec }) => void spec.ipFamilies?.sort() } },
    fails: ['SVC-05'],
    reads: ['RequireDualStack IPv4,IPv6: 10.96.', 'rewrites spec.ipFamilies'],
  },
  {
    name: 'a policy that refuses to take a family away',
    broken: {
      send: {
        services: (body, { method }) => {
          if (method === 'PATCH' && body.spec.ipFamilyPolicy === 'SingleStack') refuse(denied)
        },
      },
    },
    fails: ['SVC-06'],
    reads: [denied, 'creating the Service anew'],
  },
  {
    name: 'a webhook that gives an upgraded Service another first address',
    broken: {
      change: {
        services: ({ metadata, spec }) => {
          if (!metadata?.name?.startsWith('svc-06-') || spec.clusterIPs.length < 2) return
          spec.clusterIP = spec.clusterIPs[0] = '10.96.7.7'
        },
      },
    },
    fails: ['SVC-06'],
    reads: ['RequireDualStack IPv4,IPv6: 10.96.7.7'],
  },
  {
    name: 'an EndpointSlice of one family missing',
    broken: { change: { endpointslices: slice => (slice.addressType === 'IPv6' ? null : undefined) } },
    fails: ['SVC-09'],
    reads: ['default/shop: 2 ready Pods, 0 ready IPv6 endpoints', 'kubectl logs -n kube-system'],
  },
  {
    name: 'an endpoint that is no Pod any more',
    broken: {
      change: {
        endpointslices: ({ addressType, endpoints, metadata }) => {
          const isShopV4 = addressType === 'IPv4' && metadata.labels['kubernetes.io/service-name'] === 'shop'
          if (isShopV4) endpoints.push({ addresses: ['10.244.0.200'], conditions: {} })
        },
      },
    },
    fails: ['SVC-09'],
    reads: ['10.244.0.200 is no ready Pod', 'kubectl delete endpointslices'],
  },
  {
    name: 'Pods of a Service that have one family',
    broken: {
      change: {
        pods: pod => (isShop(pod) ? withoutV6(pod) : undefined),
        endpointslices: slice => {
          if (slice.addressType === 'IPv6') slice.endpoints = []
        },
      },
    },
    fails: ['SVC-09'],
    warns: ['POD-12', 'MIG-01'],
    reads: ['has no IPv6 address', 'kubectl rollout restart deployment NAME'],
  },
  {
    name: 'a policy that makes headless Services single-stack',
    broken: {
      send: {
        services: ({ spec }) => {
          if (spec.clusterIP === 'None' && !spec.selector) spec.ipFamilyPolicy = 'SingleStack'
        },
      },
    },
    fails: ['SVC-11'],
    reads: ['SingleStack IPv4: None', 'Exempt headless Services'],
  },
  {
    name: 'a ClusterIP without its IPAddress',
    broken: {
      change: { ipaddresses: address => (address.spec?.parentRef?.name === 'shop' ? null : undefined) },
    },
    fails: ['SVC-19'],
    reads: ['default/shop 10.96.', 'no IPAddress', 'kubectl get ipaddresses'],
  },
  {
    name: 'a ServiceCIDR that is not ready',
    broken: {
      change: {
        servicecidrs: ({ status }) => {
          status.conditions = [{ type: 'Ready', status: 'False', message: 'Terminating' }]
        },
      },
    },
    fails: ['SVC-19'],
    reads: ['kubernetes: Ready False Terminating', 'kubectl describe servicecidr kubernetes'],
  },
  {
    name: 'a Service that its chart cannot make dual-stack',
    broken: {
      add: {
        services: [
          {
            metadata: { name: 'old', namespace: 'default' },
            spec: { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', clusterIP: 'None' },
          } as Loose,
        ],
      },
    },
    warns: ['SVC-21', 'MIG-01'],
    reads: ['default/old (IPv4)', 'kubectl patch service NAME'],
  },
  {
    name: 'a load balancer that has one family',
    broken: {
      change: { services: only('shop', ({ status }) => void status.loadBalancer.ingress.splice(1)) },
    },
    warns: ['LB-08'],
    reads: ['Service default/shop (IPv4, IPv6): 172.21.0.1', 'ipFamilyPolicy: PreferDualStack'],
  },
  {
    name: 'a NetworkPolicy that lets only IPv4 out',
    broken: { add: { networkpolicies: [policy({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] })] } },
    warns: ['NP-03', 'MIG-01'],
    reads: ['default/web egress: 0.0.0.0/0', 'cidr: "::/0"'],
  },
  {
    name: 'a NetworkPolicy that keeps private ranges of one family out',
    broken: {
      add: {
        networkpolicies: [
          policy({
            to: [
              { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '169.254.169.254/32'] } },
              { ipBlock: { cidr: '::/0' } },
            ],
          }),
        ],
      },
    },
    fails: ['NP-03'],
    warns: ['MIG-01'],
    reads: ['default/web egress: ::/0 without except', 'fc00::/7, fe80::/10'],
  },
]

describeBreaks(cases)
