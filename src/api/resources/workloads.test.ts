import { expect, test } from 'vitest'
import type { KubeObject } from '../object.ts'
import type { Resource } from '../resource.ts'
import { daemonSets } from './apps/daemonset.ts'
import { statefulSets } from './apps/statefulset.ts'
import {
  horizontalPodAutoscalers,
  horizontalPodAutoscalersV1,
} from './autoscaling/horizontalpodautoscaler.ts'
import { cronJobs } from './batch/cronjob.ts'
import { jobs } from './batch/job.ts'
import { replicationControllers } from './core/replicationcontroller.ts'
import { eventsV1 } from './events.k8s.io/event.ts'
import { ingresses } from './networking.k8s.io/ingress.ts'
import { networkPolicies } from './networking.k8s.io/networkpolicy.ts'
import { roleBindings } from './rbac.authorization.k8s.io/rolebinding.ts'
import { validateSelector } from './workloads.ts'

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0)
const template = (restartPolicy?: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [{ name: 'a', image: 'busybox' }],
    ...(restartPolicy ? { restartPolicy } : {}),
  },
})
const selector = { matchLabels: { app: 'web' } }

function defaulted(resource: Resource, object: unknown): KubeObject {
  const made = structuredClone(object) as KubeObject
  resource.default?.(made)
  return made
}

const messages = (resource: Resource, object: KubeObject) =>
  (resource.validate?.(object) ?? []).map(({ field, message }) => `${field}: ${message}`)
const cells = (resource: Resource, object: unknown) =>
  (resource.columns ?? []).map(column => column.cell(object as KubeObject, nowMs))

test('A DaemonSet and a StatefulSet get upstream’s update strategies', () => {
  const object = { metadata: { name: 'web' }, spec: { selector, template: template() } }
  expect(defaulted(daemonSets, object)).toMatchObject({
    spec: {
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      revisionHistoryLimit: 10,
      template: { spec: { restartPolicy: 'Always' } },
    },
  })
  const set = defaulted(statefulSets, object)
  expect(set).toMatchObject({
    spec: {
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      replicas: 1,
    },
  })
  expect(messages(statefulSets, set)).toEqual([])
})

test('Only some fields of a StatefulSet may change', () => {
  const object = { metadata: { name: 'web' }, spec: { selector, template: template(), serviceName: 'a' } }
  const before = defaulted(statefulSets, object)
  const grown = defaulted(statefulSets, { ...object, spec: { ...object.spec, replicas: 5 } })
  const moved = defaulted(statefulSets, { ...object, spec: { ...object.spec, serviceName: 'b' } })
  expect(statefulSets.validateUpdate?.(grown as never, before as never)).toEqual([])
  expect(statefulSets.validateUpdate?.(moved as never, before as never)).toMatchObject([
    { reason: 'FieldValueForbidden', field: 'spec' },
  ])
})

test('A Job runs once, and its selector matches nothing but its own Pods', () => {
  const object = { metadata: { name: 'pi', uid: 'u1' }, spec: { template: template('Never') } }
  const job = defaulted(jobs, object)
  expect(job).toMatchObject({
    metadata: { labels: { app: 'web' } },
    spec: { completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false },
  })
  jobs.prepareForCreate?.(job as never)
  expect(job).toMatchObject({
    spec: {
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } },
      template: { metadata: { labels: { app: 'web', 'job-name': 'pi', 'controller-uid': 'u1' } } },
    },
  })
  expect(messages(jobs, job)).toEqual([])
  const always = defaulted(jobs, { ...object, spec: { template: template() } })
  jobs.prepareForCreate?.(always as never)
  expect(messages(jobs, always)).toEqual([
    'spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"',
  ])
})

test('A Job shows its state, completions and duration', () => {
  const metadata = { name: 'pi', creationTimestamp: '2026-01-01T11:55:00Z' }
  const spec = { completions: 3, template: template('Never'), selector }
  const running = { metadata, spec, status: { startTime: '2026-01-01T11:58:00Z', succeeded: 1 } }
  expect(cells(jobs, running)).toEqual(['pi', 'Running', '1/3', '2m', '5m', 'a', 'busybox', 'app=web'])
  const done = {
    metadata,
    spec: { ...spec, completions: undefined, parallelism: 2 },
    status: {
      startTime: '2026-01-01T11:58:00Z',
      completionTime: '2026-01-01T11:58:30Z',
      succeeded: 1,
      conditions: [{ type: 'Complete', status: 'True' }],
    },
  }
  expect(cells(jobs, done).slice(1, 4)).toEqual(['Complete', '1/1 of 2', '30s'])
})

const outside = (schedule: string, why: string) =>
  `spec.schedule: Invalid value: ${JSON.stringify(schedule)}: ${why}`

test.each([
  ['*/5 * * * *', []],
  ['@hourly', []],
  ['0 9-17/2 1,15 * MON-FRI', []],
  ['', ['spec.schedule: Required value']],
  ['0-59/5 0-23 1,31 JAN-dec 0-6', []],
  ['0-59 0-99 * * *', [outside('0-59 0-99 * * *', 'end of range (99) above maximum (23): 0-99')]],
  ['* * 0 * *', [outside('* * 0 * *', 'beginning of range (0) below minimum (1): 0')]],
  ['5-2 * * * *', [outside('5-2 * * * *', 'beginning of range (5) beyond end of range (2): 5-2')]],
  ['*/0 * * * *', [outside('*/0 * * * *', 'step of range should be a positive number: */0')]],
  ['@every 1h30m', []],
  ['@daily', []],
  ['@foo', [outside('@foo', 'unrecognized descriptor: @foo')]],
  ['@every x', [outside('@every x', 'failed to parse duration @every x: time: invalid duration "x"')]],
  [
    '1-x * * * *',
    [outside('1-x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax')],
  ],
  ['* * * * 7', [outside('* * * * 7', 'end of range (7) above maximum (6): 7')]],
  ['* * *', ['spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]']],
])('A CronJob’s schedule %j is checked', (schedule, expected) => {
  const spec = { schedule, jobTemplate: { spec: { template: template('OnFailure') } } }
  expect(messages(cronJobs, defaulted(cronJobs, { metadata: { name: 'a' }, spec }))).toEqual(expected)
})

test('A CronJob shows when it ran last', () => {
  const object = defaulted(cronJobs, {
    metadata: { name: 'tick', creationTimestamp: '2026-01-01T11:00:00Z' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template('OnFailure') } } },
    status: { lastScheduleTime: '2026-01-01T11:59:00Z', active: [{}] },
  })
  expect(cells(cronJobs, object)).toEqual([
    'tick',
    '* * * * *',
    '<none>',
    'False',
    1,
    '60s',
    '60m',
    'a',
    'busybox',
    '<none>',
  ])
})

test('A ReplicationController takes selector and labels from its template', () => {
  const controller = defaulted(replicationControllers, {
    metadata: { name: 'web' },
    spec: { template: template() },
  })
  expect(controller).toMatchObject({
    metadata: { labels: { app: 'web' } },
    spec: { selector: { app: 'web' }, replicas: 1 },
  })
  expect(messages(replicationControllers, controller)).toEqual([])
})

test('A selector must say something and match its template', () => {
  expect(validateSelector(undefined, template())).toMatchObject([{ reason: 'FieldValueRequired' }])
  expect(validateSelector({ matchLabels: { app: 'other' } }, template())).toMatchObject([
    { field: 'spec.template.metadata.labels', reason: 'FieldValueInvalid' },
  ])
  expect(validateSelector(selector, template())).toEqual([])
})

test('autoscaling/v1 and v2 show the same HorizontalPodAutoscaler', () => {
  const v1 = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', annotations: { kept: 'yes' } },
    spec: {
      maxReplicas: 5,
      minReplicas: 2,
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
      targetCPUUtilizationPercentage: 70,
    },
    status: { currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 90 },
  }
  const { toStored, fromStored } = horizontalPodAutoscalersV1.storedAs!
  const stored = toStored(v1)
  expect(stored).toMatchObject({
    apiVersion: 'autoscaling/v2',
    metadata: { annotations: { kept: 'yes' } },
    spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 70 } } }] },
  })
  expect(fromStored(stored)).toEqual(v1)
  expect(cells(horizontalPodAutoscalers, stored)).toEqual([
    'web',
    'Deployment/web',
    'cpu: 90%/70%',
    '2',
    5,
    2,
    '<unknown>',
  ])
})

test('autoscaling/v1 keeps in annotations what it has no fields for', () => {
  const pods = {
    type: 'Pods',
    pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '5' } },
  }
  const v2 = {
    apiVersion: 'autoscaling/v2',
    metadata: { name: 'web' },
    spec: { maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name: 'web' }, metrics: [pods] },
    status: { desiredReplicas: 1, currentReplicas: 1 },
  }
  const { toStored, fromStored } = horizontalPodAutoscalersV1.storedAs!
  const v1 = fromStored(v2)
  expect(v1.metadata.annotations).toEqual({
    'autoscaling.alpha.kubernetes.io/metrics': JSON.stringify([pods]),
  })
  expect(toStored(v1)).toEqual(v2)
})

test('events.k8s.io/v1 renames the fields of core Events', () => {
  const event = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'a' },
    eventTime: '2026-01-01T11:59:00.000000Z',
    regarding: { kind: 'Pod', name: 'web' },
    note: 'Pulled image',
    reportingController: 'kubelet',
    type: 'Normal',
  }
  const { toStored, fromStored } = eventsV1.storedAs!
  const stored = toStored(event)
  expect(stored).toMatchObject({
    apiVersion: 'v1',
    involvedObject: { kind: 'Pod', name: 'web' },
    message: 'Pulled image',
    reportingComponent: 'kubelet',
  })
  expect(fromStored(stored)).toEqual(event)
  expect(eventsV1.selectableFields?.['regarding.name']?.(event)).toBe('web')
  expect(cells(eventsV1, event)).toContain('pod/web')
})

test('A NetworkPolicy says which directions it is about', () => {
  const policyTypes = (spec: unknown) =>
    (defaulted(networkPolicies, { metadata: {}, spec }) as { spec?: { policyTypes?: string[] } }).spec
      ?.policyTypes
  expect(policyTypes({ ingress: [{ ports: [{ port: 80 }] }] })).toEqual(['Ingress'])
  expect(policyTypes({ egress: [{}] })).toEqual(['Ingress', 'Egress'])
  expect(policyTypes({ policyTypes: ['Egress'] })).toEqual(['Egress'])
})

test('An Ingress needs backends and path types', () => {
  expect(messages(ingresses, { metadata: {}, spec: {} } as never)).toEqual([
    'spec: Invalid value: either `defaultBackend` or `rules` must be specified',
  ])
  const spec = { rules: [{ host: 'a.example', http: { paths: [{ path: '/', backend: {} }] } }] }
  expect(messages(ingresses, { metadata: {}, spec } as never)).toEqual([
    'spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified',
    'spec.rules[0].http.paths[0].backend: Required value: resource or service backend is required',
  ])
  expect(cells(ingresses, { metadata: { name: 'web' }, spec })).toEqual([
    'web',
    '<none>',
    'a.example',
    '',
    '80',
    '<unknown>',
  ])
})

test('A RoleBinding’s role cannot change', () => {
  const binding = defaulted(roleBindings, {
    metadata: { name: 'a' },
    roleRef: { kind: 'Role', name: 'reader' },
    subjects: [
      { kind: 'User', name: 'ann' },
      { kind: 'ServiceAccount', namespace: 'ns', name: 'bot' },
    ],
  })
  expect(binding).toMatchObject({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }, { name: 'bot' }],
  })
  expect(messages(roleBindings, binding)).toEqual([])
  expect(cells(roleBindings, binding)).toEqual(['a', 'Role/reader', '<unknown>', 'ann', '', 'ns/bot'])
  const other = {
    ...binding,
    roleRef: { kind: 'Role', name: 'writer', apiGroup: 'rbac.authorization.k8s.io' },
  }
  expect(roleBindings.validateUpdate?.(other as never, binding as never)).toMatchObject([
    { field: 'roleRef', message: expect.stringContaining('cannot change roleRef') as string },
  ])
})
