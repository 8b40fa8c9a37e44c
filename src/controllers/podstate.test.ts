import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/types.ts'
import {
  isPodActive,
  isPodAvailable,
  isPodFinished,
  isPodReady,
  isPodTerminating,
  maxRestarts,
} from './podstate.ts'

const start = Date.UTC(2026, 0, 1)
const pod = (status: Pod['status'], deletionTimestamp?: string): Pod => ({
  metadata: { name: 'p', deletionTimestamp },
  status,
})
const ready: Pod['status'] = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
}

test('A Pod is available once it has been ready for minReadySeconds', () => {
  expect(isPodReady(pod(ready))).toBe(true)
  expect(isPodAvailable(pod(ready), 0, start)).toBe(true)
  expect(isPodAvailable(pod(ready), 10, start + 9_999)).toBe(false)
  expect(isPodAvailable(pod(ready), 10, start + 10_000)).toBe(true)
  expect(isPodAvailable(pod({ phase: 'Running' }), 0, start)).toBe(false)
})

test('Finished and terminating Pods are not active', () => {
  expect(isPodActive(pod(ready))).toBe(true)
  expect(isPodActive(pod({ phase: 'Failed' }))).toBe(false)
  expect(isPodActive(pod(ready, '2026-01-01T00:00:00Z'))).toBe(false)
  expect(isPodTerminating(pod(ready, '2026-01-01T00:00:00Z'))).toBe(true)
  expect(isPodTerminating(pod({ phase: 'Succeeded' }, '2026-01-01T00:00:00Z'))).toBe(false)
  expect(isPodFinished(pod({ phase: 'Succeeded' }))).toBe(true)
})

test('The container that restarted most counts', () => {
  const container = { name: 'c', image: '', imageID: '', ready: true }
  const containerStatuses = [1, 3, 2].map(restartCount => ({ ...container, restartCount }))
  expect(maxRestarts(pod({ containerStatuses }))).toBe(3)
  expect(maxRestarts(pod({}))).toBe(0)
})
