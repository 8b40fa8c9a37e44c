import { expect, test } from 'vitest'
import {
  alreadyExists,
  conflict,
  forbidden,
  isConflict,
  isNotFound,
  notFound,
  StatusError,
} from './status.ts'

const pods = { group: '', resource: 'pods' }
const deployments = { group: 'apps', resource: 'deployments' }

test('Factories word their messages as Kubernetes does', () => {
  expect(notFound(pods, 'a').message).toBe('pods "a" not found')
  expect(alreadyExists(deployments, 'web').message).toBe('deployments.apps "web" already exists')
  expect(conflict(deployments, 'web', 'it changed').message).toBe(
    'Operation cannot be fulfilled on deployments.apps "web": it changed',
  )
  expect(forbidden(pods, '', 'why').message).toBe('pods is forbidden: why')
})

test('A StatusError survives the wire', () => {
  const sent = notFound(deployments, 'web')
  expect(sent.toStatus()).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'deployments.apps "web" not found',
    reason: 'NotFound',
    details: { name: 'web', group: 'apps', kind: 'deployments' },
    code: 404,
  })
  const received = StatusError.fromStatus(JSON.parse(JSON.stringify(sent.toStatus())))
  expect(isNotFound(received)).toBe(true)
  expect(isConflict(received)).toBe(false)
  expect(received.details).toEqual(sent.details)
})
