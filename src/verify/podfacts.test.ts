import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/types.ts'
import { isReady, isRunning, namespacedName, ordinaryPods, ownerOf, podFamiliesOf } from './podfacts.ts'

const pod = (name: string, rest: Partial<Pod> = {}): Pod => ({
  metadata: { name, namespace: 'shop' },
  status: { phase: 'Running', podIPs: [{ ip: 'fd00::7' }, { ip: '10.244.0.7' }] },
  ...rest,
})

test('A Pod has the families of its addresses, in their order', () => {
  expect(podFamiliesOf(pod('a'))).toEqual(['IPv6', 'IPv4'])
  expect(podFamiliesOf({ metadata: {} })).toEqual([])
  expect(namespacedName(pod('a'))).toBe('shop/a')
})

test('A Pod that is ending neither runs nor is ready', () => {
  const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
  expect(isReady(pod('a', { status: ready }))).toBe(true)
  const ending = pod('a', { status: ready, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })
  expect([isReady(ending), isRunning(ending)]).toEqual([false, false])
  expect(isReady(pod('a'))).toBe(false)
})

test('Ordinary Pods run, have an address, and a network of their own', () => {
  const host = pod('host', { spec: { containers: [], hostNetwork: true } })
  const waiting = pod('waiting', { status: { phase: 'Pending' } })
  expect(ordinaryPods([pod('a'), host, waiting])).toEqual([pod('a')])
})

test('The owner of a Pod is what a person would restart', () => {
  const owned = (kind: string, name: string, labels = {}): Pod => ({
    metadata: {
      name: 'x',
      namespace: 'shop',
      labels,
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: '1', controller: true }],
    },
  })
  expect(ownerOf(pod('alone'))).toBe('shop/Pod/alone')
  expect(ownerOf(owned('DaemonSet', 'agent'))).toBe('shop/DaemonSet/agent')
  expect(ownerOf(owned('ReplicaSet', 'web-5d4f', { 'pod-template-hash': '5d4f' }))).toBe(
    'shop/Deployment/web',
  )
  expect(ownerOf(owned('ReplicaSet', 'web'))).toBe('shop/ReplicaSet/web')
})
