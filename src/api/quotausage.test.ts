import { expect, test } from 'vitest'
import type { Pod, ResourceQuotaSpec } from './generated/types.ts'
import { addedUsage, isUsedBy, missingForQuota, quotaCounts, quotaUsage } from './quotausage.ts'

const core = (resource: string) => ({ group: '', resource })
const now = Date.UTC(2026, 0, 1)
const pod = (spec: Partial<NonNullable<Pod['spec']>> = {}, status: Pod['status'] = {}): Pod => ({
  metadata: { name: 'a' },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' }, limits: { cpu: '2' } } }], ...spec },
  status,
})

test.each([
  [
    'a Pod',
    core('pods'),
    pod(),
    { 'count/pods': '1', pods: '1', cpu: '1', 'requests.cpu': '1', 'limits.cpu': '2' },
  ],
  ['a Pod that has ended', core('pods'), pod({}, { phase: 'Succeeded' }), { 'count/pods': '1' }],
  [
    'a LoadBalancer',
    core('services'),
    { metadata: {}, spec: { type: 'LoadBalancer', ports: [{ port: 1 }, { port: 2 }] } },
    { 'count/services': '1', services: '1', 'services.loadbalancers': '1', 'services.nodeports': '2' },
  ],
  [
    'a claim',
    core('persistentvolumeclaims'),
    { metadata: {}, spec: { storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } } },
    {
      'count/persistentvolumeclaims': '1',
      persistentvolumeclaims: '1',
      'requests.storage': '1Gi',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/requests.storage': '1Gi',
    },
  ],
  [
    'anything else',
    { group: 'apps', resource: 'deployments' },
    { metadata: {} },
    { 'count/deployments.apps': '1' },
  ],
])('quotaUsage() of %s', (_, resource, object, expected) => {
  expect(quotaUsage(resource, object, now)).toEqual(expected)
})

test.each([
  ['requests.cpu', 'pods', true],
  ['requests.example.com/gpu', 'pods', true],
  ['requests.storage', 'pods', false],
  ['requests.storage', 'persistentvolumeclaims', true],
  ['services.nodeports', 'services', true],
  ['configmaps', 'configmaps', true],
  ['configmaps', 'secrets', false],
  ['count/secrets', 'secrets', true],
])('%s is used by %s: %s', (name, resource, expected) => {
  expect(isUsedBy(name, core(resource))).toBe(expected)
})

const high = {
  matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
}
test.each<[string, ResourceQuotaSpec, Pod, boolean]>([
  ['BestEffort', { scopes: ['BestEffort'] }, pod(), false],
  ['BestEffort', { scopes: ['BestEffort'] }, pod({ containers: [{ name: 'c' }] }), true],
  ['Terminating', { scopes: ['Terminating'] }, pod({ activeDeadlineSeconds: 5 }), true],
  ['a priority class', { scopeSelector: high }, pod({ priorityClassName: 'high' }), true],
  ['another priority class', { scopeSelector: high }, pod({ priorityClassName: 'low' }), false],
])('A quota for %s counts what is in its scope', (_, spec, object, expected) => {
  const quota = { metadata: { name: 'q' }, spec: { hard: { pods: '1' }, ...spec } }
  expect(quotaCounts(quota, core('pods'), object)).toBe(expected)
})

test('Only what grows counts, and only what is bounded', () => {
  const hard = { 'requests.storage': '10Gi', services: '1' }
  expect(addedUsage(hard, { 'requests.storage': '3Gi', other: '1' }, { 'requests.storage': '1Gi' })).toEqual({
    'requests.storage': '2Gi',
  })
  expect(addedUsage(hard, { services: '1' }, { services: '1' })).toEqual({})
  expect(addedUsage(hard, { services: '1' }, {})).toEqual({ services: '1' })
})

test('Containers that leave open what is bounded are named', () => {
  const spec = { containers: [{ name: 'c' }, { name: 'd', resources: { limits: { cpu: '1' } } }] }
  expect(missingForQuota({ hard: { 'limits.cpu': '2', pods: '5' } }, pod(spec))).toEqual([
    'limits.cpu for: c',
  ])
})
