import { expect, test } from 'vitest'
import type { CoreV1Event } from '../api/generated/types.ts'
import { defineResource } from '../api/resource.ts'
import { notFound } from '../api/status.ts'
import type { Transport, TransportRequest } from '../api/transport.ts'
import { FakeClock } from '../component/clock.ts'
import { Client } from './client.ts'
import { Events, type EventsOptions } from './events.ts'

const pods = defineResource({ group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true })
const nodes = defineResource({ group: '', version: 'v1', kind: 'Node', resource: 'nodes', namespaced: false })
const pod = { metadata: { name: 'web', namespace: 'ns', uid: 'u1', resourceVersion: '7' } }

function setUp(answer: (request: TransportRequest) => unknown, options: Partial<EventsOptions> = {}) {
  const requests: TransportRequest[] = []
  const transport: Transport = {
    request: async request => {
      requests.push(request)
      return { status: 200, warnings: [], body: await answer(request) } as never
    },
    watch: () => Promise.reject(new Error('not asked for')),
  }
  const clock = new FakeClock()
  const events = new Events({ client: new Client(transport), clock, ...options })
  return { requests, clock, events }
}

test('An event has the fields client-go writes', async () => {
  const { requests, events } = setUp(() => ({}))
  const recorder = events.recorder('kubelet', 'node-1')
  const subject = { resource: pods, object: pod, fieldPath: 'spec.containers{web}' }
  recorder.event(subject, 'Normal', { reason: 'Started', message: 'Container started' })
  await events.flushed()
  expect(requests.length).toBe(1)
  expect(requests[0]).toMatchObject({ method: 'POST', path: '/api/v1/namespaces/ns/events' })
  expect(requests[0]?.body).toEqual({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'web.18867251edfa0001', namespace: 'ns' },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'ns',
      name: 'web',
      uid: 'u1',
      resourceVersion: '7',
      fieldPath: 'spec.containers{web}',
    },
    reason: 'Started',
    message: 'Container started',
    type: 'Normal',
    count: 1,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    source: { component: 'kubelet', host: 'node-1' },
    reportingComponent: 'kubelet',
    reportingInstance: 'node-1',
  })
})

test('Events about cluster-scoped objects live in the default namespace', async () => {
  const { requests, events } = setUp(() => ({}))
  const node = { metadata: { name: 'n1', uid: 'u' } }
  events
    .recorder('node-controller')
    .event({ resource: nodes, object: node }, 'Warning', { reason: 'R', message: 'm' })
  await events.flushed()
  expect(requests[0]?.path).toBe('/api/v1/namespaces/default/events')
  expect((requests[0]!.body as CoreV1Event).involvedObject.namespace).toBeUndefined()
})

test('A repetition becomes a patch of the count, after the creation is through', async () => {
  const { requests, clock, events } = setUp(() => ({}))
  const recorder = events.recorder('scheduler')
  recorder.event({ resource: pods, object: pod }, 'Warning', { reason: 'Failed', message: 'no room' })
  await clock.advance(2000)
  recorder.event({ resource: pods, object: pod }, 'Warning', { reason: 'Failed', message: 'no room' })
  await events.flushed()
  expect(requests.map(request => request.method)).toEqual(['POST', 'PATCH'])
  expect(requests[1]?.body).toEqual({ count: 2, lastTimestamp: '2026-01-01T00:00:02Z', message: 'no room' })
})

test('A repetition of an event that is gone is written anew', async () => {
  const { requests, events } = setUp(({ method }) => {
    if (method === 'PATCH') throw notFound({ group: '', resource: 'events' }, 'x')
    return {}
  })
  const recorder = events.recorder('scheduler')
  for (let i = 0; i < 2; i++) {
    recorder.event({ resource: pods, object: pod }, 'Warning', { reason: 'Failed', message: 'no room' })
  }
  await events.flushed()
  expect(requests.map(request => request.method)).toEqual(['POST', 'PATCH', 'POST'])
  expect((requests[2]!.body as CoreV1Event).count).toBe(2)
})

test('The caller never waits: what exceeds the queue is dropped, what fails is lost', async () => {
  let release: () => void = () => undefined
  const gate = new Promise<void>(resolve => {
    release = resolve
  })
  const { requests, events } = setUp(
    async () => {
      await gate
      throw new Error('unreachable')
    },
    { maxQueued: 2, concurrency: 1 },
  )
  const recorder = events.recorder('kubelet')
  for (const message of ['a', 'b', 'c', 'd', 'e']) {
    recorder.event({ resource: pods, object: pod }, 'Normal', { reason: 'R', message })
  }
  expect(events.dropped).toBe(2)
  release()
  await events.flushed()
  expect(requests.length).toBe(3)
  await events.close()
  recorder.event({ resource: pods, object: pod }, 'Normal', { reason: 'R', message: 'late' })
  expect(requests.length).toBe(3)
})

test('A series has a time in microseconds, an action, and counts from the second one on', async () => {
  const { requests, clock, events } = setUp(() => ({}))
  const recorder = events.seriesRecorder('default-scheduler', 'default-scheduler-a')
  const text = { reason: 'FailedScheduling', message: 'no room', action: 'Scheduling' }
  const other = { metadata: { name: 'other', namespace: 'ns', uid: 'u2', resourceVersion: '8' } }
  recorder.event({ resource: pods, object: pod }, 'Warning', {
    ...text,
    related: { resource: pods, object: other },
  })
  for (let again = 0; again < 2; again++) {
    await clock.advance(1500)
    recorder.event({ resource: pods, object: pod }, 'Warning', text)
  }
  await events.flushed()
  const { metadata, involvedObject, related, ...rest } = requests[0]!.body as CoreV1Event
  expect(metadata).toEqual({ name: 'web.18867251edfa0001', namespace: 'ns' })
  expect([involvedObject.uid, related?.uid]).toEqual(['u1', 'u2'])
  expect(rest).toEqual({
    apiVersion: 'v1',
    kind: 'Event',
    eventTime: '2026-01-01T00:00:00.000000Z',
    ...text,
    type: 'Warning',
    reportingComponent: 'default-scheduler',
    reportingInstance: 'default-scheduler-a',
  })
  expect(requests.slice(1).map(({ method, body }) => [method, body])).toEqual([
    ['PATCH', { series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.500000Z' }, message: 'no room' }],
    ['PATCH', { series: { count: 3, lastObservedTime: '2026-01-01T00:00:03.000000Z' }, message: 'no room' }],
  ])
})
