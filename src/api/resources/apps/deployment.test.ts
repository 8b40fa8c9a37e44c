import { describe, expect, test } from 'vitest'
import type { Deployment, DeploymentSpec } from '../../generated/types.ts'
import { deployments } from './deployment.ts'

const deploymentOf = (spec: Partial<DeploymentSpec> = {}): Deployment => {
  const deployment: Deployment = {
    metadata: { name: 'web', namespace: 'ns' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'nginx:1' }] },
      },
      ...spec,
    },
  }
  deployments.default!(deployment)
  return deployment
}
const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

describe('deployments', () => {
  test('get what their maker left out', () => {
    const { spec } = deploymentOf()
    expect({ ...spec, template: undefined }).toEqual({
      selector: { matchLabels: { app: 'web' } },
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: undefined,
    })
    expect(spec?.template.spec?.enableServiceLinks).toBeUndefined()
    expect(spec?.template.spec?.containers[0]?.imagePullPolicy).toBe('IfNotPresent')
  })

  test('pass with these', () => expect(deployments.validate!(deploymentOf())).toEqual([]))

  const template = (labels: Record<string, string>) => ({
    metadata: { labels },
    spec: { containers: [{ name: 'c', image: 'x' }] },
  })
  const refused: [string, Partial<DeploymentSpec>, string[]][] = [
    [
      'a template that is not selected',
      { template: template({ app: 'other' }) },
      [
        'spec.template.metadata.labels: Invalid value: {"app":"other"}: ' +
          '`selector` does not match template `labels`',
      ],
    ],
    [
      'no selector',
      { selector: undefined as never },
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: ' +
          '`selector` does not match template `labels`',
      ],
    ],
    [
      'an empty selector',
      { selector: {} },
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'Pods that end',
      {
        template: {
          ...template({ app: 'web' }),
          spec: { ...template({}).spec, restartPolicy: 'Never', activeDeadlineSeconds: 5 },
        },
      },
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: ' +
          'activeDeadlineSeconds in ReplicaSet is not Supported',
      ],
    ],
    [
      'negative numbers',
      { replicas: -1, minReadySeconds: -2 },
      [
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        'spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0',
      ],
    ],
    [
      'a deadline before readiness',
      { minReadySeconds: 600 },
      ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    ],
    [
      'an update that cannot go on',
      { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    ],
    [
      'shares beyond the whole or without a sign',
      { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '101%', maxSurge: 'x' } } },
      [
        'spec.strategy.rollingUpdate.maxSurge: Invalid value: "x": a valid percent string must be a ' +
          "numeric string followed by an ending '%' (e.g. '1%',  or '93%', " +
          "regex used for validation is '[0-9]+%')",
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ],
    [
      'a recreation with numbers',
      { strategy: { type: 'Recreate', rollingUpdate: {} } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
  ]
  for (const [name, spec, errors] of refused) {
    test(`${name} are refused`, () => {
      expect(texts(deployments.validate!(deploymentOf(spec)))).toEqual(errors)
    })
  }

  test('the selector never changes', () => {
    const changed = deploymentOf({ selector: { matchLabels: { app: 'other' } } })
    expect(texts(deployments.validateUpdate!(changed, deploymentOf()))).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
    ])
  })

  test('counts fit together', () => {
    const status = { replicas: 2, readyReplicas: 1, availableReplicas: 3, collisionCount: 1 }
    const previous = { ...deploymentOf(), status: { collisionCount: 2 } }
    expect(texts(deployments.validateStatusUpdate!({ ...deploymentOf(), status }, previous))).toEqual([
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
      'status.collisionCount: Invalid value: 1: cannot be decremented',
    ])
  })

  test('the row shows how far it is', () => {
    const deployment = { ...deploymentOf({ replicas: 3 }), status: { readyReplicas: 2, updatedReplicas: 3 } }
    expect(deployments.columns!.map(column => column.cell(deployment, 0))).toEqual([
      'web',
      '2/3',
      3,
      0,
      '<unknown>',
      'c',
      'nginx:1',
      'app=web',
    ])
  })

  test('warnings tell of names and templates, and come again when the template changes', () => {
    const deployment = deploymentOf()
    deployment.metadata.name = 'a.b'
    deployment.spec!.template.spec!.nodeSelector = { 'beta.kubernetes.io/os': 'linux' }
    const selector =
      'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: ' +
      'deprecated since v1.14; use "kubernetes.io/os" instead'
    expect(deployments.warnings!(deployment)).toEqual([
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; ' +
        'a DNS label is recommended: [must not contain dots]',
      selector,
    ])
    expect(deployments.warnings!(deployment, deployment)).toEqual([])
    expect(deployments.warnings!(deployment, deploymentOf())).toEqual([selector])
  })
})
