import { expect, test } from 'vitest'
import type { Deployment, DeploymentStatus, ReplicaSet } from '../api/generated/types.ts'
import { isComplete, nextProgressCheckMs, planRolloutStatus, setCondition } from './deploymentstatus.ts'

const nowMs = Date.UTC(2026, 0, 1)
const deployment = (status: DeploymentStatus = {}): Deployment => ({
  metadata: { name: 'web', generation: 2 },
  spec: { replicas: 2, selector: {}, template: {}, progressDeadlineSeconds: 60 },
  status,
})
const set = (
  name: string,
  available: number,
  conditions?: NonNullable<ReplicaSet['status']>['conditions'],
) => ({
  metadata: { name },
  spec: { replicas: 2, selector: {} },
  status: {
    replicas: 2,
    readyReplicas: available,
    availableReplicas: available,
    terminatingReplicas: 1,
    conditions,
  },
})

test('A complete rollout is Available and has progressed', () => {
  const status = planRolloutStatus(deployment(), { newSet: set('web-1', 2), old: [], nowMs })
  const now = '2026-01-01T00:00:00Z'
  expect(status).toEqual({
    observedGeneration: 2,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    terminatingReplicas: 1,
    conditions: [
      {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
        lastUpdateTime: now,
        lastTransitionTime: now,
      },
      {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: 'ReplicaSet "web-1" has successfully progressed.',
        lastUpdateTime: now,
        lastTransitionTime: now,
      },
    ],
  })
  expect(isComplete(deployment(), status)).toBe(true)
})

test('A failure of a ReplicaSet is a failure of the Deployment', () => {
  const failure = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: 'no',
    lastTransitionTime: 't',
  }
  const status = planRolloutStatus(deployment(), {
    newSet: undefined,
    old: [set('web-1', 0, [failure])],
    nowMs,
  })
  expect(status.conditions?.at(-1)).toEqual({ ...failure, lastUpdateTime: 't' })
  const healed = planRolloutStatus(deployment(status), { newSet: set('web-1', 2), old: [], nowMs })
  expect(healed.conditions?.map(({ type }) => type)).toEqual(['Available', 'Progressing'])
})

test('The transition time is kept while the status stays, the update time is not', () => {
  const first = setCondition([], { type: 'Progressing', status: 'True', reason: 'A', message: '' }, nowMs)
  const second = setCondition(
    first,
    { type: 'Progressing', status: 'True', reason: 'B', message: '' },
    nowMs + 5000,
  )
  expect(second[0]).toMatchObject({
    lastTransitionTime: '2026-01-01T00:00:00Z',
    lastUpdateTime: '2026-01-01T00:00:05Z',
  })
  expect(
    setCondition(second, { type: 'Progressing', status: 'True', reason: 'B', message: 'x' }, nowMs),
  ).toBe(second)
})

test('The deadline is checked a second after it passes, and only while something is to come', () => {
  const condition = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }
  const object = deployment({ conditions: [{ ...condition, lastUpdateTime: '2026-01-01T00:00:00Z' }] })
  expect(nextProgressCheckMs(object, {}, nowMs + 20_000)).toBe(41_000)
  expect(nextProgressCheckMs(deployment(), {}, nowMs)).toBeUndefined()
})
