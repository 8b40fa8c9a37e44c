import { describe, expect, test } from 'vitest'
import type { PodSpec } from '../../../../generated/types.ts'
import { defaultPodSpec } from '../defaults.ts'
import { checkSpec, table } from './spec.fake.ts'
import { validatePodBody, validatePodTemplate } from './spec.ts'

describe('Pod specs', () => {
  table<Partial<PodSpec>>(
    [
      ['an ordinary one passes', {}, []],
      ['no containers', { containers: [] }, ['containers: Required value']],
      [
        'policies',
        { restartPolicy: 'x', dnsPolicy: 'y', preemptionPolicy: 'z' },
        [
          'restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"',
          'dnsPolicy: Unsupported value: "y": supported values: ' +
            '"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
          'preemptionPolicy: Unsupported value: "z": supported values: "PreemptLowerPriority", "Never"',
        ],
      ],
      [
        'a deadline',
        { activeDeadlineSeconds: 0 },
        ['activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
      ],
      [
        "DNS of one's own without servers",
        { dnsPolicy: 'None' },
        ['dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
      ],
      [
        'DNS servers of both families',
        {
          dnsPolicy: 'None',
          dnsConfig: { nameservers: ['fd00::53', '10.0.0.53'], searches: ['_a.b.', '.'] },
        },
        [],
      ],
      [
        'DNS of too much',
        { dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', 'x'], options: [{ value: 'a' }] } },
        [
          'dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","x"]: ' +
            'must not have more than 3 nameservers',
          'dnsConfig.nameservers[3]: Invalid value: "x": ' +
            'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
          'dnsConfig.options[0]: Required value: must not be empty',
        ],
      ],
      [
        'ports of the host that clash',
        {
          hostNetwork: true,
          containers: [
            { name: 'a', image: 'x', ports: [{ containerPort: 80, hostPort: 81 }] },
            { name: 'b', image: 'x', ports: [{ containerPort: 81, hostPort: 81 }] },
          ],
        },
        [
          'containers[1].ports[0].hostPort: Duplicate value: "TCP//81"',
          'containers[0].ports[0].hostPort: Invalid value: 81: ' +
            'must match `containerPort` when `hostNetwork` is true',
        ],
      ],
      [
        'gates',
        { schedulingGates: [{ name: 'a/b' }, { name: 'a/b' }] },
        ['schedulingGates[1]: Duplicate value: "a/b"'],
      ],
      [
        'users of its own on the network of the host',
        { hostUsers: false, hostNetwork: true },
        ['hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false'],
      ],
      [
        'what Windows has not',
        { os: { name: 'windows' }, hostPID: true, securityContext: { runAsUser: 1 } },
        [
          'hostPID: Forbidden: cannot be set for a windows pod',
          'securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
        ],
      ],
      [
        'systems',
        { os: { name: 'x' } },
        ['os: Unsupported value: "x": supported values: "linux", "windows"'],
      ],
      [
        'resource claims',
        { resourceClaims: [{ name: 'a' }, { name: 'a', resourceClaimName: 'x' }] },
        [
          'resourceClaims[0]: Invalid value: {"name":"a"}: ' +
            'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
          'resourceClaims[1].name: Duplicate value: "a"',
        ],
      ],
      [
        'containers that ask for more than the Pod',
        {
          resources: { requests: { cpu: '1' } },
          containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '1500m' } } }],
        },
        [
          'resources.requests[cpu]: Invalid value: "1": ' +
            'must be greater than or equal to aggregate container requests of 1500m',
        ],
      ],
      [
        'a container that may use more than the Pod',
        {
          resources: { limits: { cpu: '1' } },
          containers: [{ name: 'c', image: 'x', resources: { limits: { cpu: '2' } } }],
        },
        [
          'resources.containers[0][cpu].limits: Invalid value: "2": ' +
            'must be less than or equal to pod limits of 1',
        ],
      ],
    ],
    checkSpec,
  )
})

describe('annotations', () => {
  const annotated = (annotations: Record<string, string>) => {
    const spec: PodSpec = { containers: [{ name: 'c', image: 'x' }] }
    defaultPodSpec(spec)
    return validatePodBody({ metadata: { name: 'p', annotations }, spec }).map(
      ({ field, message }) => `${field.replace('metadata.annotations', '')}: ${message}`,
    )
  }
  table<Record<string, string>>(
    [
      ['the cost of a deletion', { 'controller.kubernetes.io/pod-deletion-cost': '-10' }, []],
      [
        'no cost',
        { 'controller.kubernetes.io/pod-deletion-cost': '+1' },
        ['[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer'],
      ],
      [
        'a mirror of nothing',
        { 'kubernetes.io/config.mirror': 'x' },
        [
          '[kubernetes.io/config.mirror]: Invalid value: "x": ' +
            'must set spec.nodeName if mirror pod annotation is set',
        ],
      ],
      [
        'profiles',
        {
          'seccomp.security.alpha.kubernetes.io/pod': 'x',
          'container.apparmor.security.beta.kubernetes.io/d': 'y',
        },
        [
          '.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "x": must be a valid seccomp profile',
          '[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: "d": container not found',
          '[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: "y": ' +
            'invalid AppArmor profile name: "y"',
        ],
      ],
    ],
    annotated,
  )
})

test('a template is told where it stands, and has no debug containers', () => {
  const template = {
    metadata: { labels: { a: '-' } },
    spec: { containers: [], ephemeralContainers: [{ name: 'd', image: 'x' }] } as PodSpec,
  }
  defaultPodSpec(template.spec)
  expect(validatePodTemplate(template, 'spec.template').map(error => error.field)).toEqual([
    'spec.template.labels',
    'spec.template.spec.containers',
    'spec.template.spec.ephemeralContainers',
  ])
})

test('a token needs an account', () => {
  const volumes = [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }]
  const spec: PodSpec = { containers: [{ name: 'c', image: 'x' }], volumes }
  defaultPodSpec(spec)
  expect(validatePodBody({ metadata: { name: 'p' }, spec }).map(error => error.field)).toEqual([
    'spec.volumes[0].projected.sources[0].serviceAccountToken',
  ])
})
