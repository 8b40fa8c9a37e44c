import { describe } from 'vitest'
import type { PodSpec } from '../../../../generated/types.ts'
import { checkSpec, table } from './spec.fake.ts'

describe('scheduling', () => {
  const needed = 'requiredDuringSchedulingIgnoredDuringExecution'
  const wished = 'preferredDuringSchedulingIgnoredDuringExecution'
  table<Partial<PodSpec>>(
    [
      [
        'tolerations',
        {
          tolerations: [
            { operator: 'Equal' },
            { key: 'a', tolerationSeconds: 3 },
            { key: 'a', operator: 'Exists', value: 'x', effect: 'y' },
            { key: 'a', operator: 'Is' },
          ],
        },
        [
          'tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, ' +
            'which means "match all values and all keys"',
          'tolerations[1].effect: Invalid value: "": effect must be \'NoExecute\' when `tolerationSeconds` is set',
          'tolerations[2].operator: Invalid value: "x": value must be empty when `operator` is \'Exists\'',
          'tolerations[2].effect: Unsupported value: "y": ' +
            'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
          'tolerations[3].operator: Unsupported value: "Is": supported values: "Equal", "Exists"',
        ],
      ],
      [
        'spreading',
        {
          topologySpreadConstraints: [
            { maxSkew: 0, topologyKey: '', whenUnsatisfiable: 'x', minDomains: 1 },
            { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', matchLabelKeys: ['a'] },
          ],
        },
        [
          'topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
          'topologySpreadConstraints[0].topologyKey: Required value: can not be empty',
          'topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "x": ' +
            'supported values: "DoNotSchedule", "ScheduleAnyway"',
          'topologySpreadConstraints[0].minDomains: Invalid value: 1: ' +
            'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not x',
          'topologySpreadConstraints[1].matchLabelKeys: Forbidden: ' +
            'must not be specified when labelSelector is not set',
        ],
      ],
      [
        'nodes that are needed',
        {
          affinity: {
            nodeAffinity: {
              [needed]: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [
                      { key: 'a', operator: 'In' },
                      { key: 'a', operator: 'Gt', values: [] },
                    ],
                  },
                  { matchFields: [{ key: 'x', operator: 'In', values: ['a'] }] },
                ],
              },
            },
          },
        },
        [
          `affinity.nodeAffinity.${needed}.nodeSelectorTerms[0].matchExpressions[0].values: ` +
            "Required value: must be specified when `operator` is 'In' or 'NotIn'",
          `affinity.nodeAffinity.${needed}.nodeSelectorTerms[0].matchExpressions[1].values: ` +
            "Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
          `affinity.nodeAffinity.${needed}.nodeSelectorTerms[1].matchFields[0].key: ` +
            'Invalid value: "x": not a valid field selector key',
        ],
      ],
      [
        'Pods that are wished near',
        {
          affinity: {
            podAffinity: {
              [wished]: [{ weight: 101, podAffinityTerm: { topologyKey: '', matchLabelKeys: ['a'] } }],
            },
          },
        },
        [
          `affinity.podAffinity.${wished}[0].weight: Invalid value: 101: must be in the range 1-100`,
          `affinity.podAffinity.${wished}[0].podAffinityTerm.matchLabelKeys: ` +
            'Forbidden: must not be specified when labelSelector is not set',
          `affinity.podAffinity.${wished}[0].podAffinityTerm.topologyKey: Required value: can not be empty`,
          `affinity.podAffinity.${wished}[0].podAffinityTerm.topologyKey: Invalid value: "": ` +
            'name part must be non-empty',
          `affinity.podAffinity.${wished}[0].podAffinityTerm.topologyKey: Invalid value: "": ` +
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
            "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " +
            "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
      ],
    ],
    checkSpec,
  )
})

describe('security', () => {
  table<Partial<PodSpec>>(
    [
      [
        'users and policies of Pods',
        { securityContext: { runAsUser: -1, supplementalGroups: [2 ** 32], fsGroupChangePolicy: 'x' } },
        [
          'securityContext.runAsUser: Invalid value: -1: must be between 0 and 4294967295, inclusive',
          'securityContext.supplementalGroups[0]: Invalid value: 4294967296: ' +
            'must be between 0 and 4294967295, inclusive',
          'securityContext.fsGroupChangePolicy: Unsupported value: "x": ' +
            'supported values: "Always", "OnRootMismatch"',
        ],
      ],
      [
        'profiles',
        { securityContext: { seccompProfile: { type: 'Localhost' }, appArmorProfile: { type: 'x' } } },
        [
          'securityContext.seccompProfile.localhostProfile: Required value: ' +
            'must be set when seccomp type is Localhost',
          'securityContext.appArmorProfile.type: Unsupported value: "x": ' +
            'supported values: "Localhost", "RuntimeDefault", "Unconfined"',
        ],
      ],
      [
        'sysctls',
        {
          hostNetwork: true,
          securityContext: {
            sysctls: [
              { name: 'net.core.somaxconn', value: '1' },
              { name: 'a..b', value: '' },
            ],
          },
        },
        [
          'securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": ' +
            "may not be specified when 'hostNetwork' is true",
          'securityContext.sysctls[1].name: Invalid value: "a..b": must have at most 253 characters and ' +
            'match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
        ],
      ],
      [
        'privileges that contradict each other',
        {
          containers: [
            { name: 'c', image: 'x', securityContext: { privileged: true, allowPrivilegeEscalation: false } },
          ],
        },
        [
          'containers[0].securityContext: Invalid value: ' +
            '{"privileged":true,"allowPrivilegeEscalation":false}: ' +
            'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
        ],
      ],
    ],
    checkSpec,
  )
})
