import { expect, test } from 'vitest'
import { OwnerGraph } from './ownergraph.ts'
import { pods } from './resources.ts'

const owner = (uid: string) => ({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: uid, uid })
const pod = (uid: string, ...owners: string[]) => ({
  metadata: { uid, name: uid, namespace: 'ns', ownerReferences: owners.map(owner) },
})
const uids = (list: readonly { uid: string }[]) => list.map(({ uid }) => uid)

test('Objects without owners are not kept', () => {
  const graph = new OwnerGraph()
  graph.put(pods, pod('a'))
  expect(graph.size).toBe(0)
})

test('The first who names an owner tells of it, and dependents are found by it', () => {
  const graph = new OwnerGraph()
  expect(uids(graph.put(pods, pod('a', 'rs')).newOwners)).toEqual(['rs'])
  expect(uids(graph.put(pods, pod('b', 'rs')).newOwners)).toEqual([])
  expect(uids(graph.dependentsOf('rs'))).toEqual(['a', 'b'])
  expect([...graph.owners()].map(([reference, dependent]) => [reference.uid, dependent.uid])).toEqual([
    ['rs', 'a'],
  ])
})

test('A change of owners moves the edges', () => {
  const graph = new OwnerGraph()
  graph.put(pods, pod('a', 'rs1'))
  const change = graph.put(pods, pod('a', 'rs2'))
  expect([uids(change.newOwners), uids(change.freedOwners)]).toEqual([['rs2'], ['rs1']])
  expect([uids(graph.dependentsOf('rs1')), uids(graph.dependentsOf('rs2'))]).toEqual([[], ['a']])
  graph.put(pods, pod('a'))
  expect([graph.size, graph.hasDependents('rs2')]).toEqual([0, false])
})

test('An object that waits for its dependents is kept even without owners', () => {
  const graph = new OwnerGraph()
  const waiting = {
    metadata: { uid: 'a', name: 'a', deletionTimestamp: 'now', finalizers: ['foregroundDeletion'] },
  }
  graph.put(pods, waiting)
  expect(graph.get('a')?.isWaiting).toBe(true)
  expect(graph.remove('a')?.uid).toBe('a')
  expect(graph.size).toBe(0)
})
