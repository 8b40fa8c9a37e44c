import { expect, test } from 'vitest'
import type { Node, Pod } from '../api/generated/types.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { Heartbeats, planTaints } from './nodehealth.ts'
import { nodeLifecycleControllers } from './nodelifecycle.ts'
import { leases, nodes, pods } from './resources.ts'
import { staysForMs, taintEvictionController } from './tainteviction.ts'

const nowMs = Date.UTC(2026, 0, 1)
const ready = (status = 'True', beat = '2026-01-01T00:00:00Z') => [
  { type: 'Ready', status, lastHeartbeatTime: beat, lastTransitionTime: beat },
]
const node = (name: string, status = 'True'): Node => ({
  metadata: { name },
  status: { conditions: ready(status) },
})

async function start(names: string[]) {
  const world = await startControllers([...nodeLifecycleControllers(), taintEvictionController()])
  for (const name of names) {
    const created = await world.client.create(nodes, node(name))
    await world.client.updateStatus(nodes, { ...created, status: node(name).status })
  }
  const beat = async (name: string) => {
    const current = await world.client.get(nodes, { name })
    const time = new Date(world.clock.now()).toISOString()
    await world.client.updateStatus(nodes, { ...current, status: { conditions: ready('True', time) } })
  }
  /** Ten seconds at a time, in which only the nodes named give a sign of life. */
  const pass = async (seconds: number, alive: string[]) => {
    for (let passed = 0; passed < seconds; passed += 10) {
      await world.clock.advance(10_000)
      for (const name of alive) await beat(name)
      await world.settle()
    }
  }
  return { ...world, pass }
}
const pod = (tolerations?: NonNullable<Pod['spec']>['tolerations']): Pod => ({
  metadata: { name: 'p', namespace },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], tolerations },
})

test('A silent node becomes Unknown and is tainted, its Pods are not ready', async () => {
  const world = await start(['n1', 'n2'])
  const created = await world.client.create(pods, pod([{ operator: 'Exists' }]))
  await world.client.updateStatus(pods, { ...created, status: { phase: 'Running', conditions: ready() } })
  await world.pass(50, ['n2'])
  const before = await world.client.get(nodes, { name: 'n1' })
  expect([before.status?.conditions?.[0]?.status, before.spec?.taints]).toEqual(['True', undefined])
  await world.pass(20, ['n2'])
  const after = await world.client.get(nodes, { name: 'n1' })
  expect(after.status?.conditions?.[0]).toMatchObject({
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  })
  expect(after.spec?.taints?.map(({ key, effect }) => `${key} ${effect}`)).toEqual([
    'node.kubernetes.io/unreachable NoSchedule',
    'node.kubernetes.io/unreachable NoExecute',
  ])
  const [kept] = await world.list(pods)
  expect(kept?.status?.conditions?.[0]?.status).toBe('False')
  expect(await world.events()).toEqual([
    'RegisteredNode: Node n1 event: Registered Node n1 in Controller',
    'RegisteredNode: Node n2 event: Registered Node n2 in Controller',
    'NodeNotReady: Node n1 status is now: NodeNotReady',
    'NodeNotReady: Node is not ready',
  ])
  await world.pass(10, ['n1', 'n2'])
  expect((await world.client.get(nodes, { name: 'n1' })).spec?.taints ?? []).toEqual([])
  expect(world.problems).toEqual([])
})

test('A renewed lease is a sign of life', async () => {
  const world = await start(['n1', 'n2'])
  const target = { namespace: 'kube-node-lease', name: 'n1' }
  await world.client.create(leases, {
    metadata: target,
    spec: { holderIdentity: 'n1', leaseDurationSeconds: 40 },
  })
  for (let i = 0; i < 10; i++) {
    await world.client.patch(leases, target, { spec: { renewTime: `2026-01-01T00:00:0${i}.000000Z` } })
    await world.pass(10, ['n2'])
  }
  expect((await world.client.get(nodes, { name: 'n1' })).status?.conditions?.[0]?.status).toBe('True')
})

test('Pods leave a dead node after their toleration, and stay when the node comes back in time', async () => {
  const tolerations = [
    {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    },
  ]
  for (const comesBack of [true, false]) {
    const world = await start(['n1', 'n2'])
    await world.client.create(pods, pod(tolerations))
    await world.pass(300, ['n2'])
    expect((await world.list(pods)).length).toBe(1)
    await world.pass(100, comesBack ? ['n1', 'n2'] : ['n2'])
    const [left] = await world.list(pods)
    expect(left?.metadata.deletionTimestamp === undefined).toBe(comesBack)
    const text = comesBack ? 'Cancelling deletion of Pod ns/p' : 'Marking for deletion Pod ns/p'
    expect(await world.events()).toContain(`TaintManagerEviction: ${text}`)
  }
})

test('When no node is ready at all nobody is driven out', async () => {
  const world = await start(['n1'])
  await world.client.create(pods, pod())
  await world.pass(500, [])
  const effects = async () => {
    const { spec } = await world.client.get(nodes, { name: 'n1' })
    return spec?.taints?.map(({ effect }) => effect)
  }
  expect(await effects()).toEqual(['NoSchedule'])
  expect((await world.list(pods)).length).toBe(1)
  const other = await world.client.create(nodes, node('n2'))
  await world.client.updateStatus(nodes, { ...other, status: node('n2').status })
  await world.pass(10, ['n2'])
  expect(await effects()).toEqual(['NoSchedule', 'NoExecute'])
})

test('planTaints() keeps the taints of others and those that are right', () => {
  const own = { key: 'dedicated', value: 'db', effect: 'NoSchedule' }
  const stale = { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }
  const healthy: Node = { ...node('n'), spec: { taints: [own, stale] } }
  expect(planTaints(healthy, { evict: true, nowMs })).toEqual([own])
  expect(planTaints({ ...node('n'), spec: { taints: [own] } }, { evict: true, nowMs })).toBeUndefined()
  const cordoned = { ...node('n'), spec: { unschedulable: true } }
  expect(planTaints(cordoned, { evict: true, nowMs })).toEqual([
    { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: '2026-01-01T00:00:00Z' },
  ])
})

test('staysForMs() takes the shortest toleration, and none for a taint that is not tolerated', () => {
  const taints = [
    { key: 'a', effect: 'NoExecute' },
    { key: 'b', effect: 'NoExecute' },
  ]
  expect(staysForMs([{ operator: 'Exists' }], taints)).toBe(Number.POSITIVE_INFINITY)
  expect(staysForMs([{ key: 'a', operator: 'Exists' }], taints)).toBe(0)
  const both = ['a', 'b'].map((key, i) => ({ key, operator: 'Exists', tolerationSeconds: 10 * (i + 1) }))
  expect(staysForMs(both, taints)).toBe(10_000)
})

test('Heartbeats are timed by our own clock', () => {
  const heartbeats = new Heartbeats()
  expect(heartbeats.observe(node('n'), undefined, 5)).toBe(5)
  expect(heartbeats.observe(node('n'), undefined, 50)).toBe(5)
  expect(heartbeats.observe(node('n'), { metadata: {}, spec: { renewTime: 'x' } }, 60)).toBe(60)
})
