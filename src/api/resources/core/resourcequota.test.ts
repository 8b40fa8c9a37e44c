import { describe, expect, test } from 'vitest'
import type { ResourceQuotaSpec } from '../../generated/types.ts'
import { resourceQuotas } from './resourcequota.ts'

const problems = (spec: ResourceQuotaSpec) =>
  resourceQuotas.validate!({ metadata: { name: 'q' }, spec }).map(
    ({ field, message }) => `${field}: ${message}`,
  )

test('Every name that a quota can bound is accepted', () => {
  const names = ['pods', 'cpu', 'requests.memory', 'limits.cpu', 'services.nodeports', 'configmaps']
  const withDomain = ['count/deployments.apps', 'requests.example.com/gpu', 'requests.hugepages-2Mi']
  const hard = Object.fromEntries([...names, ...withDomain].map(name => [name, '4']))
  expect(problems({ hard })).toEqual([])
})

test.each([
  [{ storage: '1Gi' }, 'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota'],
  [{ pods: '-1' }, 'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
  [{ pods: '500m' }, 'spec.hard[pods]: Invalid value: "500m": must be an integer'],
])('%j is refused', (hard, expected) => expect(problems({ hard })).toEqual([expected]))

describe('Scopes', () => {
  test('are of those that there are, fit what is bounded, and do not exclude each other', () => {
    expect(problems({ hard: { pods: '1' }, scopes: ['BestEffort'] })).toEqual([])
    expect(problems({ scopes: ['Sometimes'] })).toEqual([
      'spec.scopes: Invalid value: ["Sometimes"]: unsupported scope',
    ])
    expect(problems({ hard: { cpu: '1' }, scopes: ['BestEffort'] })).toEqual([
      'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
    ])
    expect(problems({ scopes: ['Terminating', 'NotTerminating'] })).toEqual([
      'spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes',
    ])
  })

  test('cannot be changed', () => {
    const quota = (scopes: string[]) => ({ metadata: { name: 'q' }, spec: { scopes } })
    expect(resourceQuotas.validateUpdate!(quota(['BestEffort']), quota(['Terminating']))).toMatchObject([
      { field: 'spec.scopes', message: 'Invalid value: ["BestEffort"]: field is immutable' },
    ])
    const [a, b] = [quota(['BestEffort', 'Terminating']), quota(['Terminating', 'BestEffort'])]
    expect(resourceQuotas.validateUpdate!(a, b)).toEqual([])
  })
})

describe('A scope selector', () => {
  const field = 'spec.scopeSelector.matchExpressions'
  const select = (scopeName: string, operator: string, values?: string[]) =>
    problems({
      scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values ? { values } : {}) }] },
    })

  test.each<[string, string, string[] | undefined]>([
    ['PriorityClass', 'In', ['high']],
    ['PriorityClass', 'Exists', undefined],
    ['Terminating', 'Exists', undefined],
  ])('%s %s %j is fine', (...of) => expect(select(...of)).toEqual([]))

  test('needs values for In, none for Exists, and an operator that there is', () => {
    expect(select('PriorityClass', 'In')).toEqual([
      `${field}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
    ])
    expect(select('PriorityClass', 'Exists', ['high'])).toEqual([
      `${field}.values: Invalid value: ["high"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
    ])
    expect(select('PriorityClass', 'Gt')).toEqual([
      `${field}.operator: Invalid value: "Gt": not a valid selector operator`,
    ])
  })

  test('takes the scopes that are there or not with Exists alone', () => {
    expect(select('BestEffort', 'In', ['x'])).toEqual([
      expect.stringContaining(`${field}.operator: Invalid value: "In": must be 'Exist'`),
    ])
  })
})
