import { afterEach, expect, test } from 'vitest'
import { leases } from '../api/resources/coordination.k8s.io/lease.ts'
import { nodes } from '../api/resources/core/node.ts'
import { settle, startTestCluster } from './cluster.fake.ts'

type TestCluster = Awaited<ReturnType<typeof startTestCluster>>
let cluster: TestCluster
afterEach(() => cluster.stop())

const namespace = 'kube-node-lease'
const ready = (node: Awaited<ReturnType<typeof readNode>>) =>
  node.status?.conditions?.find(({ type }) => type === 'Ready')
const readNode = async () => {
  await settle()
  return cluster.client.get(nodes, { name: 'node1' })
}

test("A node's Lease belongs to it and is renewed every ten seconds", async () => {
  cluster = await startTestCluster()
  await cluster.pass(250)
  const lease = await cluster.client.get(leases, { namespace, name: 'node1' })
  const node = await readNode()
  expect(lease.spec).toEqual({
    holderIdentity: 'node1',
    leaseDurationSeconds: 40,
    renewTime: '2026-01-01T12:00:00.250000Z',
  })
  expect(lease.metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'Node', name: 'node1', uid: node.metadata.uid },
  ])
  const times = new Set<string>()
  for (let seconds = 0; seconds < 60; seconds++) {
    await cluster.pass(1000)
    times.add((await cluster.client.get(leases, { namespace, name: 'node1' })).spec?.renewTime ?? '')
  }
  expect(times.size).toBeGreaterThanOrEqual(6)
  expect(times.size).toBeLessThanOrEqual(8)
})

test('The whole status is written every five minutes', async () => {
  cluster = await startTestCluster()
  const before = ready(await readNode())?.lastHeartbeatTime
  for (let minutes = 0; minutes < 6; minutes++) await cluster.pass(60_000)
  const after = ready(await readNode())
  expect(after?.lastHeartbeatTime).not.toBe(before)
  expect(after?.lastTransitionTime).toBe('2026-01-01T12:00:00Z')
})

test('A node that was given up says that it is still there', async () => {
  cluster = await startTestCluster()
  const unknown = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'silence' }
  const options = { subresource: 'status', type: 'strategic-merge' } as const
  await cluster.client.patch(nodes, { name: 'node1' }, { status: { conditions: [unknown] } }, options)
  expect(ready(await readNode())).toMatchObject({ status: 'True', reason: 'KubeletReady' })
})

test('Of a deleted node nothing is written any more', async () => {
  cluster = await startTestCluster()
  await cluster.pass(1000)
  await cluster.client.delete(nodes, { name: 'node1' })
  await cluster.client.delete(leases, { namespace, name: 'node1' })
  await cluster.pass(60_000)
  await expect(cluster.client.get(leases, { namespace, name: 'node1' })).rejects.toThrow('not found')
  await expect(readNode()).rejects.toThrow('nodes "node1" not found')
})
