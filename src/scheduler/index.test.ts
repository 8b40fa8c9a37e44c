import { afterEach, expect, test } from 'vitest'
import { findCondition } from '../api/meta/conditions.ts'
import { events as eventResource } from '../api/resources/core/event.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { serviceAccounts } from '../api/resources/core/serviceaccount.ts'
import { admin, openTestServer } from '../apiserver/apiserver.fake.ts'
import { Client } from '../client/client.ts'
import { Events } from '../client/events.ts'
import { Informers } from '../client/informers.ts'
import { parseExposition } from '../component/exposition.fake.ts'
import { formatMetrics, MetricSet } from '../component/metrics.ts'
import { Scheduler } from './scheduler.ts'
import { type PodShape, testNode, testPod } from './testobjects.fake.ts'

const namespace = 'default'
let stop: () => Promise<void>
afterEach(() => stop())

async function settle() {
  for (let turn = 0; turn < 60; turn++) await new Promise(resolve => setImmediate(resolve))
}

async function start() {
  const { server, clock } = await openTestServer()
  const client = new Client(server.transport(admin))
  await client.create(serviceAccounts, { metadata: { name: 'default', namespace } }).catch(() => undefined)
  const informers = new Informers({ client, clock })
  const events = new Events({ client, clock })
  const metrics = new MetricSet()
  const recorder = events.seriesRecorder('default-scheduler', 'default-scheduler-a')
  const scheduler = new Scheduler({ client, informers, clock, metrics, events: recorder })
  await scheduler.start()
  stop = async () => {
    await scheduler.stop()
    await informers.stop()
    await server.close()
  }
  return {
    client,
    async addNode(name: string, cpu = '2') {
      const { status, ...node } = testNode(name, { cpu })
      await client.create(nodes, { ...node, status })
      await settle()
    },
    async addPod(name: string, shape: PodShape = {}) {
      const pod = testPod(name, { ...shape, namespace })
      const containers = pod.spec!.containers.map(container => ({ image: 'nginx', ...container }))
      const { uid: _, ...metadata } = pod.metadata
      await client.create(pods, { metadata, spec: { ...pod.spec, containers } })
      await settle()
    },
    async pod(name: string) {
      await settle()
      return client.get(pods, { namespace, name })
    },
    metrics() {
      const text = formatMetrics(metrics.collect())
      parseExposition(text)
      return text.split('\n')
    },
    pass: async (ms: number) => {
      await clock.advance(ms)
      await settle()
    },
    async events() {
      await settle()
      await events.flushed()
      const { items } = await client.list(eventResource, { namespace })
      return items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
    },
  }
}

test('A Pod is bound to the best node, and an event says so', async () => {
  const { addNode, addPod, pod, events } = await start()
  await addNode('n1', '1')
  await addNode('n2', '4')
  await addPod('p', { cpu: '2' })
  const bound = await pod('p')
  expect(bound.spec?.nodeName).toBe('n2')
  expect(findCondition(bound.status?.conditions, 'PodScheduled')?.status).toBe('True')
  expect(await events()).toEqual(['Normal Scheduled: Successfully assigned default/p to n2'])
})

test('A Pod that fits nowhere says why, and is bound when a node comes that fits', async () => {
  const { addNode, addPod, pod, pass, events } = await start()
  await addNode('n1', '1')
  await addPod('p', { cpu: '2' })
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, ' +
    'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.'
  expect(findCondition((await pod('p')).status?.conditions, 'PodScheduled')).toMatchObject({
    status: 'False',
    reason: 'Unschedulable',
    message,
  })
  expect(await events()).toEqual([`Warning FailedScheduling: ${message}`])
  await addNode('n2', '4')
  await pass(1000)
  expect((await pod('p')).spec?.nodeName).toBe('n2')
})

test('Gated Pods, those of other schedulers and those being deleted are left alone', async () => {
  const { addNode, addPod, pod, client } = await start()
  await addNode('n1')
  await addPod('gated', { schedulingGates: [{ name: 'wait' }] })
  await addPod('other', { schedulerName: 'mine' })
  expect((await pod('gated')).spec?.nodeName).toBeUndefined()
  expect((await pod('other')).spec?.nodeName).toBeUndefined()
  await client.patch(pods, { namespace, name: 'gated' }, { spec: { schedulingGates: null } })
  expect((await pod('gated')).spec?.nodeName).toBe('n1')
})

test('Room that a deleted Pod leaves is used', async () => {
  const { addNode, addPod, pod, pass, client } = await start()
  await addNode('n1', '2')
  await addPod('first', { cpu: '2' })
  await addPod('second', { cpu: '2' })
  expect((await pod('second')).spec?.nodeName).toBeUndefined()
  await client.delete(pods, { namespace, name: 'first' }, { gracePeriodSeconds: 0 })
  await pass(1000)
  expect((await pod('second')).spec?.nodeName).toBe('n1')
})

test('A more important Pod drives out a less important one', async () => {
  const { addNode, addPod, pod, pass, client, events } = await start()
  await addNode('n1', '2')
  await addPod('low', { cpu: '2' })
  await addPod('high', { cpu: '2', priorityClassName: 'system-cluster-critical' })
  const low = await pod('low')
  expect(low.metadata.deletionTimestamp).toBeDefined()
  expect(findCondition(low.status?.conditions, 'DisruptionTarget')?.reason).toBe('PreemptionByScheduler')
  const high = await pod('high')
  expect(high.status?.nominatedNodeName).toBe('n1')
  expect(await events()).toContain(`Normal Preempted: Preempted by pod ${high.metadata.uid} on node n1`)
  await client.delete(pods, { namespace, name: 'low' }, { gracePeriodSeconds: 0 })
  await pass(1000)
  expect((await pod('high')).spec?.nodeName).toBe('n1')
})

test('Attempts are counted by what came of them, and waiting Pods by what they wait for', async () => {
  const { addNode, addPod, pass, pod, metrics } = await start()
  await addNode('n1', '1')
  await addPod('small', { cpu: '1' })
  await addPod('large', { cpu: '2' })
  expect((await pod('small')).spec?.nodeName).toBe('n1')
  const profile = 'profile="default-scheduler"'
  for (const line of [
    `scheduler_schedule_attempts_total{result="scheduled",${profile}} 1`,
    `scheduler_schedule_attempts_total{result="unschedulable",${profile}} 1`,
    `scheduler_scheduling_attempt_duration_seconds_count{result="scheduled",${profile}} 1`,
    'scheduler_pending_pods{queue="active"} 0',
    'scheduler_pending_pods{queue="backoff"} 0',
    'scheduler_pending_pods{queue="unschedulable"} 1',
    'scheduler_pod_scheduling_attempts_sum 1',
  ]) {
    expect(metrics()).toContain(line)
  }
  await addNode('n2', '4')
  await pass(2000)
  expect((await pod('large')).spec?.nodeName).toBe('n2')
  expect(metrics()).toContain('scheduler_pending_pods{queue="unschedulable"} 0')
  expect(metrics()).toContain('scheduler_pod_scheduling_attempts_sum 3')
  expect(metrics()).toContain('scheduler_pod_scheduling_sli_duration_seconds_count{attempts="2"} 1')
})
