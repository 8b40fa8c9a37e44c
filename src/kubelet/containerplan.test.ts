import { expect, test } from 'vitest'
import type { PodSpec } from '../api/generated/types.ts'
import { type ContainerRecord, newRecord, noteExit, noteRestart, planContainers } from './containerplan.ts'

const nowMs = Date.UTC(2026, 0, 1)
const time = (ms: number) => new Date(ms).toISOString()

function record(exitCode?: number, changes: Partial<ContainerRecord> = {}): ContainerRecord {
  const exit = { exitCode: exitCode ?? 0, finishedAt: time(nowMs), reason: '' }
  const run = { name: '', id: '', image: '', imageID: '', attempt: 0, startedAt: time(nowMs) }
  const current = exitCode === undefined ? run : { ...run, exit }
  return { ...newRecord(), current, isStarted: exitCode === undefined, ...changes }
}

function plan(spec: Partial<PodSpec>, records: Record<string, ContainerRecord>) {
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }], ...spec } }
  const { start, backOff, stage } = planContainers(pod, new Map(Object.entries(records)), nowMs)
  return { start: start.map(({ name }) => name), backOff: [...backOff.keys()].map(({ name }) => name), stage }
}

const initContainers = [{ name: 'i1' }, { name: 'side', restartPolicy: 'Always' }, { name: 'i2' }]

test.each<[string, Record<string, ContainerRecord>, string[], string]>([
  ['nothing has started', {}, ['i1'], 'initializing'],
  ['the first runs', { i1: record() }, [], 'initializing'],
  ['the first is done', { i1: record(0) }, ['side'], 'initializing'],
  ['the sidecar runs', { i1: record(0), side: record() }, ['i2'], 'initializing'],
  [
    'the sidecar is not up yet',
    { i1: record(0), side: record(undefined, { isStarted: false }) },
    [],
    'initializing',
  ],
  ['all are done', { i1: record(0), side: record(), i2: record(0) }, ['c'], 'running'],
  ['the sidecar died', { i1: record(0), side: record(1), i2: record(0), c: record() }, ['side'], 'running'],
  ['main has ended', { i1: record(0), side: record(), i2: record(0), c: record(0) }, [], 'completed'],
])('Init containers: %s', (_, records, start, stage) => {
  expect(plan({ initContainers, restartPolicy: 'OnFailure' }, records)).toMatchObject({ start, stage })
})

test('An init container that fails is tried again, unless the policy is Never', () => {
  expect(plan({ initContainers, restartPolicy: 'Always' }, { i1: record(1) })).toMatchObject({
    start: ['i1'],
  })
  expect(plan({ initContainers, restartPolicy: 'Never' }, { i1: record(1) })).toEqual({
    start: [],
    backOff: [],
    stage: 'failed',
  })
})

test.each([
  ['Always', 0, true],
  ['Always', 1, true],
  ['OnFailure', 0, false],
  ['OnFailure', 1, true],
  ['Never', 1, false],
])('With %s a container that ended with %d is started again: %s', (restartPolicy, exitCode, again) => {
  expect(plan({ restartPolicy }, { c: record(exitCode) })).toEqual({
    start: again ? ['c'] : [],
    backOff: [],
    stage: again ? 'running' : 'completed',
  })
})

test('In back-off a container waits', () => {
  expect(plan({}, { c: record(1, { retryAtMs: nowMs + 1 }) })).toEqual({
    start: [],
    backOff: ['c'],
    stage: 'running',
  })
})

test('The back-off is 0, 10, 20, 40 ... 300 seconds, and begins anew after a long run', () => {
  const failing = record(1)
  const delays: number[] = []
  for (let round = 0; round < 8; round++) {
    noteExit(failing)
    delays.push((failing.retryAtMs - nowMs) / 1000)
    noteRestart(failing, nowMs)
  }
  expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
  failing.restartedAtMs = nowMs - 600_001
  noteExit(failing)
  expect(failing.retryAtMs).toBe(nowMs)
})
