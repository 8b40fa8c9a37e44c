import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/types.ts'
import { choosePodsToDelete } from './deletionorder.ts'

const nowMs = Date.UTC(2026, 0, 1, 12)
const hoursAgo = (hours: number) => new Date(nowMs - hours * 3_600_000).toISOString()

interface Options {
  node?: string
  phase?: string
  readyHours?: number
  createdHours?: number
  restarts?: number
  cost?: string
}
function pod(name: string, options: Options = {}): Pod {
  const { node = 'n1', phase = 'Running', readyHours = 8, createdHours = 8, restarts = 0, cost } = options
  const isReady = readyHours > 0
  const container = { name: 'c', image: '', imageID: '', ready: true, restartCount: restarts }
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: hoursAgo(createdHours),
      annotations: cost ? { 'controller.kubernetes.io/pod-deletion-cost': cost } : {},
    },
    spec: { containers: [], nodeName: node },
    status: {
      phase,
      conditions: [
        { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: hoursAgo(readyHours) },
      ],
      containerStatuses: [container],
    },
  }
}
const chosen = (pods: Pod[], related: Pod[] = []) =>
  choosePodsToDelete(pods, { count: 1, related, nowMs }).map(({ metadata }) => metadata.name)

test('Each rule of the order decides when the ones before it do not', () => {
  expect(chosen([pod('a'), pod('unassigned', { node: '' })])).toEqual(['unassigned'])
  expect(chosen([pod('a'), pod('pending', { phase: 'Pending' })])).toEqual(['pending'])
  expect(chosen([pod('a'), pod('not-ready', { readyHours: 0 })])).toEqual(['not-ready'])
  expect(chosen([pod('a'), pod('cheap', { cost: '-5' })])).toEqual(['cheap'])
  expect(chosen([pod('a'), pod('ready-lately', { readyHours: 1 })])).toEqual(['ready-lately'])
  expect(chosen([pod('a'), pod('restarted', { restarts: 2 })])).toEqual(['restarted'])
  expect(chosen([pod('a'), pod('young', { createdHours: 1 })])).toEqual(['young'])
  expect(chosen([pod('b'), pod('a')])).toEqual(['a'])
})

test('Of crowded nodes the Pods go first', () => {
  const [a, b] = [pod('a', { node: 'n1' }), pod('b', { node: 'n2' })]
  expect(chosen([a, b], [a, b, pod('c', { node: 'n2' })])).toEqual(['b'])
})

test('Ages of the same order of magnitude do not decide', () => {
  expect(chosen([pod('b', { readyHours: 8 }), pod('a', { readyHours: 7.5 })])).toEqual(['a'])
  expect(chosen([pod('a', { readyHours: 8 }), pod('b', { readyHours: 7.5 })])).toEqual(['a'])
})

test('All go when all are asked for', () => {
  expect(choosePodsToDelete([pod('a')], { count: 5, related: [], nowMs }).length).toBe(1)
})
