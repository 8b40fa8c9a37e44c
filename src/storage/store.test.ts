import { expect, test } from 'vitest'
import { StoreError } from './store.ts'

test('A StoreError carries its code, what failed and its cause', () => {
  const cause = new Error('disk')
  const error = new StoreError('Conflict', 'Cannot update /a: it is at revision 3', {
    key: '/a',
    revision: 3,
    cause,
  })
  expect(error.code).toBe('Conflict')
  expect(error.details.revision).toBe(3)
  expect(error.cause).toBe(cause)
})
