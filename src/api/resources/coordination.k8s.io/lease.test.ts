import { expect, test } from 'vitest'
import { leases } from './lease.ts'

test('a lease lasts, and changes hands a number of times that is not negative', () => {
  const spec = { leaseDurationSeconds: 0, leaseTransitions: -1 }
  const errors = leases.validate!({ metadata: {}, spec })
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual([
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
  ])
})

test('the row shows the holder', () => {
  const lease = { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } }
  expect(leases.columns!.map(column => column.cell(lease, 0))).toEqual(['l', 'me', '<unknown>'])
})
