import { expect, test } from 'vitest'
import { nodes } from '../api/resources/core/node.ts'
import { settle, startTestCluster } from './cluster.fake.ts'

test('A node tells that it has started and is ready, and whether it takes Pods', async () => {
  const { client, events, stop } = await startTestCluster()
  for (const unschedulable of [true, null]) {
    await client.patch(nodes, { name: 'node1' }, { spec: { unschedulable } })
    await settle()
  }
  expect(await events('Node')).toEqual([
    'Starting: Starting kubelet.',
    'NodeHasSufficientMemory: Node node1 status is now: NodeHasSufficientMemory',
    'NodeHasNoDiskPressure: Node node1 status is now: NodeHasNoDiskPressure',
    'NodeHasSufficientPID: Node node1 status is now: NodeHasSufficientPID',
    'NodeReady: Node node1 status is now: NodeReady',
    'NodeNotSchedulable: Node node1 status is now: NodeNotSchedulable',
    'NodeSchedulable: Node node1 status is now: NodeSchedulable',
  ])
  await stop()
})
