import { describe, expect, test } from 'vitest'
import type { Container, PodSpec } from '../../../generated/types.ts'
import { podTemplateWarnings, podWarnings } from './warnings.ts'

const warn = (spec: Partial<PodSpec>, annotations: Record<string, string> = {}) =>
  podWarnings({
    metadata: { name: 'p', annotations },
    spec: { containers: [{ name: 'c' }], ...spec },
  })
const warnContainer = (container: Partial<Container>) => warn({ containers: [{ name: 'c', ...container }] })

const required = 'requiredDuringSchedulingIgnoredDuringExecution'

describe('a Pod is warned of', () => {
  test('nothing when it is ordinary', () => expect(warn({})).toEqual([]))

  const cases: [string, string[], string[]][] = [
    [
      'a name that is no host name',
      podWarnings({ metadata: { name: 'a.b' }, spec: { containers: [] } }),
      [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; " +
          'a DNS label is recommended: [must not contain dots]',
      ],
    ],
    [
      'labels of old',
      warn({
        nodeSelector: { 'beta.kubernetes.io/arch': 'x' },
        affinity: {
          nodeAffinity: {
            [required]: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }] },
              ],
            },
          },
        },
      }),
      [
        'spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use ' +
          '"kubernetes.io/arch" instead',
        `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchExpressions[0].key: ` +
          'beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
      ],
    ],
    [
      'selectors that select nothing',
      warn({
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'x' }],
        affinity: { podAffinity: { [required]: [{ topologyKey: 'z' }] } },
      }),
      [
        'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
        `spec.affinity.podAffinity.${required}[0].labelSelector: a null labelSelector results in matching no pod`,
      ],
    ],
    [
      'annotations of old',
      warn({}, { 'scheduler.alpha.kubernetes.io/critical-pod': '' }),
      [
        'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: ' +
          'non-functional in v1.16+; use the "priorityClassName" field instead',
      ],
    ],
    [
      'volumes of old',
      warn({ volumes: [{ name: 'v', rbd: { image: 'i', monitors: [] } }] }),
      ['spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+'],
    ],
    [
      'aliases and secrets given twice',
      warn({
        hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }],
        imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}],
      }),
      [
        'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
        'spec.imagePullSecrets[1].name: duplicate name "a"',
        'spec.imagePullSecrets[2].name: invalid empty name ""',
      ],
    ],
    [
      'variables that hide others',
      warnContainer({
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '$(A)2' },
          { name: 'A', value: '3' },
        ],
      }),
      ['spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      'parts of bytes',
      warnContainer({ resources: { limits: { memory: '1500m' } } }),
      [
        'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is ' +
          'invalid, must be an integer',
      ],
    ],
    [
      'ports that clash',
      warnContainer({
        ports: [
          { containerPort: 80, protocol: 'TCP' },
          { containerPort: 80, protocol: 'TCP' },
          { containerPort: 80, protocol: 'TCP', hostPort: 80 },
          { containerPort: 80, protocol: 'UDP' },
        ],
      }),
      [
        'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]',
      ],
    ],
    [
      'a negative grace period',
      warn({ terminationGracePeriodSeconds: -1 }),
      [
        'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid ' +
          'and will be treated as 1',
      ],
    ],
    [
      'odd spellings of addresses',
      warn({ hostAliases: [{ ip: 'FD00::1' }] }),
      ['spec.hostAliases[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'],
    ],
  ]
  for (const [name, warnings, expected] of cases) test(name, () => expect(warnings).toEqual(expected))
})

test('a template says where it stands', () => {
  const template = { spec: { containers: [], terminationGracePeriodSeconds: -1 } }
  expect(podTemplateWarnings(template, 'spec.template')[0]).toMatch(
    /^spec\.template\.spec\.terminationGracePeriodSeconds: /,
  )
  expect(podTemplateWarnings(undefined, 'spec.template')).toEqual([])
})
