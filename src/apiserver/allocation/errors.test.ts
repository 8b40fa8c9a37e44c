import { expect, test } from 'vitest'
import { addressRefused, allocationFailed, portProblem } from './errors.ts'

const service = { metadata: { name: 'web' } }

test.each([
  ['taken', 'provided IP is already allocated'],
  ['notInRange', 'the provided network does not match the current range'],
] as const)('An address that is %s is a field error', (outcome, why) => {
  const error = addressRefused(service, '10.0.0.1', { addresses: ['10.0.0.1', ''], outcome })
  expect([error.code, error.details?.causes?.[0]]).toEqual([
    422,
    {
      reason: 'FieldValueInvalid',
      field: 'spec.clusterIPs',
      message: `Invalid value: ["10.0.0.1",""]: failed to allocate IP 10.0.0.1: ${why}`,
    },
  ])
})

test('A range that is full is an internal error', () => {
  const error = allocationFailed('no more')
  expect([error.code, error.reason, error.message]).toEqual([
    500,
    'InternalError',
    'Internal error occurred: no more',
  ])
})

test('A port is taken or out of range', () => {
  const range = { first: 1, last: 2 }
  expect(portProblem('taken', range)).toBe('provided port is already allocated')
  expect(portProblem('outOfRange', range)).toContain('The range of valid ports is 1-2')
})
