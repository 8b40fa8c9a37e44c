import { expect, test } from 'vitest'
import type { DaemonSet, DaemonSetSpec, Node } from '../api/generated/types.ts'
import { daemonTolerations, nodeOf, nodeVerdict } from './daemonplan.ts'
import { daemonSetController } from './daemonset.ts'
import { namespace, startControllers } from './liveserver.fake.ts'
import { controllerRevisions, daemonSets, nodes, pods } from './resources.ts'

const target = { namespace, name: 'agent' }
const template = (image: string, nodeSelector?: Record<string, string>): DaemonSetSpec['template'] => ({
  metadata: { labels: { app: 'agent' } },
  spec: { containers: [{ name: 'c', image }], nodeSelector },
})
const set = (spec: Partial<DaemonSetSpec> = {}): DaemonSet => ({
  metadata: target,
  spec: { selector: { matchLabels: { app: 'agent' } }, template: template('i:1'), ...spec },
})
async function start(...names: string[]) {
  const world = await startControllers([daemonSetController])
  for (const name of names) await world.client.create(nodes, { metadata: { name, labels: { kind: name } } })
  const placed = async () => (await world.list(pods)).map(nodeOf).sort()
  const settle = async () => {
    await world.settle()
    // As a kubelet and a scheduler would: what terminates goes.
    for (const { metadata } of await world.list(pods)) {
      const options = { gracePeriodSeconds: 0 }
      if (metadata.deletionTimestamp)
        await world.client.delete(pods, { namespace, name: metadata.name! }, options)
    }
    await world.settle()
  }
  return { ...world, settle, placed }
}

test('Every node gets one Pod, new nodes too', async () => {
  const world = await start('n1', 'n2')
  await world.client.create(daemonSets, set())
  await world.settle()
  expect(await world.placed()).toEqual(['n1', 'n2'])
  await world.client.create(nodes, { metadata: { name: 'n3' } })
  await world.settle()
  expect(await world.placed()).toEqual(['n1', 'n2', 'n3'])
  await world.setPods(true)
  await world.settle()
  expect((await world.client.get(daemonSets, target)).status).toEqual({
    currentNumberScheduled: 3,
    desiredNumberScheduled: 3,
    numberAvailable: 3,
    numberMisscheduled: 0,
    numberReady: 3,
    observedGeneration: 1,
    updatedNumberScheduled: 3,
  })
  expect(world.problems).toEqual([])
})

test('Only nodes that match the selector and whose taints are tolerated count', async () => {
  const world = await start('n1', 'n2')
  await world.client.create(daemonSets, set({ template: template('i', { kind: 'n1' }) }))
  await world.settle()
  expect(await world.placed()).toEqual(['n1'])
  const taints = [{ key: 'dedicated', value: 'x', effect: 'NoExecute' }]
  await world.client.patch(nodes, { name: 'n1' }, { spec: { taints } })
  await world.settle()
  expect(await world.placed()).toEqual([])
})

test('An update replaces one available Pod after the other', async () => {
  const world = await start('n1', 'n2')
  await world.client.create(daemonSets, set())
  await world.settle()
  await world.setPods(true)
  await world.settle()
  await world.client.patch(daemonSets, target, { spec: { template: template('i:2') } })
  const images = async () => (await world.list(pods)).map(({ spec }) => spec?.containers[0]?.image).sort()
  await world.settle()
  expect(await images()).toEqual(['i:1', 'i:2'])
  await world.setPods(true)
  await world.settle()
  expect(await images()).toEqual(['i:2', 'i:2'])
  expect((await world.list(controllerRevisions)).map(({ revision }) => revision).sort()).toEqual([1, 2])
})

test('A failed Pod is removed and made again', async () => {
  const world = await start('n1')
  await world.client.create(daemonSets, set())
  await world.settle()
  const [pod] = await world.list(pods)
  await world.client.updateStatus(pods, { ...pod!, status: { ...pod!.status, phase: 'Failed' } })
  await world.settle()
  const [again, ...others] = await world.list(pods)
  expect([again?.metadata.uid === pod?.metadata.uid, others.length]).toEqual([false, 0])
})

test('Daemons tolerate what drives others out', () => {
  const node = (key: string, effect: string): Node => ({
    metadata: { name: 'n' },
    spec: { taints: [{ key, effect }] },
  })
  const keys = daemonTolerations({ containers: [], hostNetwork: true }).map(({ key }) => key)
  expect(keys).toContain('node.kubernetes.io/network-unavailable')
  expect(nodeVerdict(set(), node('node.kubernetes.io/not-ready', 'NoExecute')).shouldRun).toBe(true)
  expect(nodeVerdict(set(), node('other', 'NoSchedule'))).toEqual({ shouldRun: false, mayContinue: true })
})
