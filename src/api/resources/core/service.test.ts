import { describe, expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../generated/types.ts'
import { services } from './service.ts'

const port = { port: 80 }
const make = (spec: ServiceSpec, metadata: object = {}): Service => ({
  metadata: { name: 's', ...metadata },
  spec,
})
const defaulted = (spec: ServiceSpec, metadata: object = {}) => {
  const service = make(structuredClone(spec), metadata)
  services.default!(service)
  return service
}
/** As a Service looks when it has been through allocation. */
const allocated = (spec: ServiceSpec = {}, metadata: object = {}) =>
  defaulted(
    {
      ports: [port],
      clusterIP: '10.96.0.5',
      clusterIPs: ['10.96.0.5'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ...spec,
    },
    metadata,
  )
const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)
const problems = (spec: ServiceSpec, metadata: object = {}) =>
  texts(services.validate!(allocated(spec, metadata)))

describe('defaults', () => {
  test('A ClusterIP Service', () => {
    expect(defaulted({ ports: [port] }).spec).toEqual({
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
      internalTrafficPolicy: 'Cluster',
    })
  })

  test('A LoadBalancer', () => {
    expect(defaulted({ type: 'LoadBalancer', ports: [port] }).spec).toEqual({
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      sessionAffinity: 'None',
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: true,
    })
  })

  test('An ExternalName Service has no traffic policy', () => {
    expect(defaulted({ type: 'ExternalName', externalName: 'a.b' }).spec).toEqual({
      type: 'ExternalName',
      externalName: 'a.b',
      sessionAffinity: 'None',
    })
  })

  test('External addresses bring an external traffic policy', () => {
    expect(defaulted({ externalIPs: ['192.0.2.1'] }).spec?.externalTrafficPolicy).toBe('Cluster')
  })

  test('ClientIP affinity lasts three hours', () => {
    expect(defaulted({ sessionAffinity: 'ClientIP' }).spec?.sessionAffinityConfig).toEqual({
      clientIP: { timeoutSeconds: 10800 },
    })
  })

  test.each([
    [{ ipFamilies: ['IPv4', 'IPv6'] }, 'RequireDualStack', ['IPv4', 'IPv6']],
    [{ clusterIPs: ['10.0.0.1', 'fd00::1'] }, 'RequireDualStack', undefined],
    [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] }, 'RequireDualStack', ['IPv6', 'IPv4']],
    [{ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] }, 'PreferDualStack', ['IPv6']],
    [{}, undefined, undefined],
  ] as const)('The families of %j need no cluster to be known', (spec, policy, families) => {
    const result = defaulted(spec as unknown as ServiceSpec).spec
    expect([result?.ipFamilyPolicy, result?.ipFamilies]).toEqual([policy, families])
  })

  test('What Go would not write is dropped', () => {
    const spec = { clusterIP: '', externalIPs: [], publishNotReadyAddresses: false, healthCheckNodePort: 0 }
    expect(Object.keys(defaulted(spec).spec!)).toEqual(['sessionAffinity', 'type', 'internalTrafficPolicy'])
  })

  test('Defaulting twice changes nothing', () => {
    const once = defaulted({ type: 'LoadBalancer', ports: [port] })
    const twice = structuredClone(once)
    services.default!(twice)
    expect(twice).toEqual(once)
  })
})

describe('validation', () => {
  test('A valid Service has no errors', () => expect(problems({})).toEqual([]))

  const manyPorts = [port, { port: 80, name: 'b' }]
  test.each<[string, ServiceSpec, string[]]>([
    ['ports', { ports: [] }, ['spec.ports: Required value']],
    [
      'names of several ports',
      { ports: manyPorts },
      [
        'spec.ports[0].name: Required value',
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,' +
          '"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      'port numbers',
      { ports: [{ port: 70000 }] },
      [
        'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'protocols',
      { ports: [{ port: 80, protocol: 'ICMP' }] },
      ['spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      'node ports of ClusterIP Services',
      { ports: [{ port: 80, nodePort: 30000 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'types',
      { type: 'Nope', internalTrafficPolicy: 'Cluster' },
      [
        'spec.type: Unsupported value: "Nope": supported values: "ClusterIP", "ExternalName", ' +
          '"LoadBalancer", "NodePort"',
      ],
    ],
    [
      'affinity timeouts',
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 90000 } } },
      [
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and ' +
          'less than 86400',
      ],
    ],
    [
      'external addresses',
      { externalIPs: ['127.1.1.1', 'x'] },
      [
        'spec.externalIPs[0]: Invalid value: "127.1.1.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'spec.externalIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'source ranges',
      { loadBalancerSourceRanges: ['10.0.0.1/8'] },
      [
        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the ' +
          'prefix length',
      ],
    ],
    [
      'load balancer fields',
      { loadBalancerClass: 'a/b', allocateLoadBalancerNodePorts: true },
      [
        "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
      ],
    ],
    [
      'traffic policies',
      { externalTrafficPolicy: 'Local', internalTrafficPolicy: 'No', trafficDistribution: 'Far' },
      [
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
        'spec.internalTrafficPolicy: Unsupported value: "No": supported values: "Cluster", "Local"',
        'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", ' +
          '"PreferSameNode", "PreferSameZone"',
      ],
    ],
    [
      'health check ports',
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
      ['spec.healthCheckNodePort: Required value'],
    ],
    [
      'addresses that disagree',
      { clusterIPs: ['10.96.0.6'] },
      ['spec.clusterIPs: Invalid value: ["10.96.0.6"]: first value must match `clusterIP`'],
    ],
    [
      'two addresses of one family',
      { clusterIPs: ['10.96.0.5', '10.96.0.6'], ipFamilyPolicy: 'RequireDualStack' },
      [
        'spec.clusterIPs: Invalid value: ["10.96.0.5","10.96.0.6"]: may specify no more than one IP for each ' +
          'IP family',
        'spec.clusterIPs[1]: Invalid value: "10.96.0.6": expected an IPv6 value as indicated by `ipFamilies[1]`',
      ],
    ],
    [
      'addresses of another family',
      { ipFamilies: ['IPv6'] },
      [
        'spec.clusterIPs[0]: Invalid value: "10.96.0.5": expected an IPv6 value as indicated by `ipFamilies[0]`',
      ],
    ],
    [
      'None among others',
      { clusterIP: 'None', clusterIPs: ['None', '10.96.0.5'] },
      [`spec.clusterIPs: Invalid value: ["None","10.96.0.5"]: 'None' must be the first and only value`],
    ],
    [
      'families and policies',
      { ipFamilies: ['IPv4', 'IPv4'], ipFamilyPolicy: 'Maybe' },
      [
        'spec.ipFamilies[1]: Duplicate value: "IPv4"',
        'spec.ipFamilyPolicy: Unsupported value: "Maybe": supported values: "PreferDualStack", ' +
          '"RequireDualStack", "SingleStack"',
      ],
    ],
    [
      'headless NodePort Services',
      { type: 'NodePort', clusterIP: 'None', clusterIPs: ['None'] },
      [`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`],
    ],
    [
      'ExternalName Services with addresses',
      { type: 'ExternalName' },
      [
        'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
        'spec.externalName: Required value',
      ],
    ],
  ])('It checks %s', (_, spec, expected) => expect(problems(spec)).toEqual(expected))

  test('An annotation may name the source ranges', () => {
    const annotations = { 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8, x' }
    expect(problems({ type: 'LoadBalancer' }, { annotations })).toEqual([
      'metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Invalid value: "x": ' +
        'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ])
  })
})

describe('updates', () => {
  const update = (now: ServiceSpec, before: ServiceSpec = {}) =>
    texts(services.validateUpdate!(allocated(now), allocated(before)))
  const dual: ServiceSpec = {
    clusterIPs: ['10.96.0.5', 'fd00::5'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'PreferDualStack',
  }

  test('The first address and family never change', () => {
    expect(update({ clusterIP: '10.96.0.6', clusterIPs: ['10.96.0.6'] })).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set',
    ])
    const six = { clusterIP: 'fd00::5', clusterIPs: ['fd00::5'], ipFamilies: ['IPv6'] }
    expect(update(six)).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["fd00::5"]: may not change once set',
      'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
    ])
  })

  test('A second one may be added, and given up with SingleStack only', () => {
    expect(update(dual)).toEqual([])
    expect(update({}, dual)).toEqual([])
    expect(update({ ipFamilyPolicy: 'PreferDualStack' }, dual)).toEqual([
      'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be set to \'SingleStack\' when releasing the ' +
        'secondary clusterIP',
      'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be set to \'SingleStack\' when releasing the ' +
        'secondary ipFamily',
    ])
  })

  test('A load balancer keeps its class and its health check port', () => {
    const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }
    const before = { ...local, loadBalancerClass: 'a/b', healthCheckNodePort: 30001 }
    expect(update({ ...local, loadBalancerClass: 'a/c', healthCheckNodePort: 30002 }, before)).toEqual([
      'spec.loadBalancerClass: Invalid value: "a/c": may not change once set',
      'spec.healthCheckNodePort: Forbidden: field is immutable',
    ])
  })
})

describe('status', () => {
  const problem = (ingress: object, type = 'LoadBalancer') => {
    const service = { ...allocated({ type }), status: { loadBalancer: { ingress: [ingress] } } }
    return texts(services.validateStatusUpdate!(service, service))
  }

  test.each([
    [{ ip: '192.0.2.1', ipMode: 'VIP' }, []],
    [{ hostname: 'lb.example.com' }, []],
    [
      { ip: '192.0.2.1' },
      ['status.loadBalancer.ingress[0].ipMode: Required value: must be specified when `ip` is set'],
    ],
    [
      { ip: '192.0.2.1', ipMode: 'Magic' },
      ['status.loadBalancer.ingress[0].ipMode: Unsupported value: "Magic": supported values: "Proxy", "VIP"'],
    ],
    [
      { hostname: '192.0.2.1', ipMode: 'VIP' },
      [
        'status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set',
        'status.loadBalancer.ingress[0].hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address',
      ],
    ],
  ])('Of the ingress %j', (ingress, expected) => expect(problem(ingress)).toEqual(expected))

  test('Only a LoadBalancer has one', () => {
    expect(problem({ ip: '192.0.2.1', ipMode: 'VIP' }, 'NodePort')).toEqual([
      "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
    ])
  })

  test('Where an address is, its mode is VIP by default', () => {
    const service = {
      ...make({ type: 'LoadBalancer' }),
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    }
    services.default!(service)
    expect(service.status.loadBalancer.ingress).toEqual([{ ip: '192.0.2.1', ipMode: 'VIP' }])
  })
})

describe('what people see', () => {
  const cells = (service: Service) => services.columns!.map(column => column.cell(service, 0))

  test.each<[ServiceSpec, string[]]>([
    [{}, ['s', 'ClusterIP', '10.96.0.5', '<none>', '80/TCP', '<unknown>', '<none>']],
    [
      { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }], selector: { b: '2', a: '1' } },
      ['s', 'NodePort', '10.96.0.5', '<none>', '80:30080/TCP', '<unknown>', 'a=1,b=2'],
    ],
    [
      { type: 'LoadBalancer' },
      ['s', 'LoadBalancer', '10.96.0.5', '<pending>', '80/TCP', '<unknown>', '<none>'],
    ],
    [
      { externalIPs: ['192.0.2.1', '192.0.2.2'] },
      ['s', 'ClusterIP', '10.96.0.5', '192.0.2.1,192.0.2.2', '80/TCP', '<unknown>', '<none>'],
    ],
  ])('A row of %j', (spec, row) => expect(cells(allocated(spec))).toEqual(row))

  test('An ExternalName Service shows its name', () => {
    const service = defaulted({ type: 'ExternalName', externalName: 'db.example.com' })
    expect(cells(service).slice(1, 5)).toEqual(['ExternalName', '<none>', 'db.example.com', '<none>'])
  })

  test('A load balancer shows its addresses, sorted, then the external ones', () => {
    const service = allocated({ type: 'LoadBalancer', externalIPs: ['198.51.100.1'] })
    service.status = { loadBalancer: { ingress: [{ ip: 'fd00::9' }, { ip: '192.0.2.9' }] } }
    expect(cells(service)[3]).toBe('192.0.2.9,fd00::9,198.51.100.1')
  })

  test('Warnings', () => {
    const service = allocated(
      { externalIPs: ['2001:DB8::1'], externalName: 'a', trafficDistribution: 'PreferClose' },
      { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } },
    )
    expect(services.warnings!(service)).toEqual([
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use ' +
        'service.kubernetes.io/topology-mode instead',
      'spec.externalIPs[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
      'spec.externalName is ignored when spec.type is not "ExternalName"',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ])
    const headless = allocated({ clusterIP: 'None', clusterIPs: ['None'], loadBalancerIP: '192.0.2.1' })
    expect(services.warnings!(headless)).toEqual(['spec.loadBalancerIP is ignored for headless services'])
  })
})
