import { expect, test } from 'vitest'
import { StatusError } from '../api/status.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'

test('The refusal of a terminating namespace is known by its cause', () => {
  const causes = [{ reason: 'NamespaceTerminating', message: '', field: 'metadata.namespace' }]
  const error = new StatusError({ code: 403, reason: 'Forbidden', message: 'no', details: { causes } })
  expect(isNamespaceTerminating(error)).toBe(true)
  expect(isNamespaceTerminating(new StatusError({ code: 403, reason: 'Forbidden', message: 'no' }))).toBe(
    false,
  )
})
