import { expect, test } from 'vitest'
import { StoreError, type StoreErrorCode } from '../../storage/store.ts'
import { toStatusError } from './errors.ts'

const attempt = { resource: { group: 'apps', resource: 'deployments' }, name: 'web', verb: 'update' }
const convert = (code: StoreErrorCode) => toStatusError(new StoreError(code, 'secret'), attempt)

test.each<[StoreErrorCode, number, string]>([
  ['KeyExists', 409, 'deployments.apps "web" already exists'],
  ['NotFound', 404, 'deployments.apps "web" not found'],
  [
    'Conflict',
    409,
    'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your ' +
      'changes to the latest version and try again',
  ],
  ['Compacted', 410, 'The resourceVersion for the provided list is too old.'],
  ['FutureRevision', 504, 'Timeout: Too large resource version: 0, current: 0'],
  ['InvalidWrite', 500, 'Internal error occurred: the storage refused the write'],
  ['NoSpace', 500, 'Internal error occurred: the storage has no space left'],
  ['Corrupt', 500, 'Internal error occurred: the storage is corrupt'],
  [
    'Unavailable',
    500,
    'The update operation against deployments.apps could not be completed at this time, please try again.',
  ],
  ['Closed', 503, 'the API server is stopping'],
])('%s becomes %i', (code, status, message) => {
  expect(convert(code)).toMatchObject({ code: status, message })
})

test('A write that nobody knows the outcome of is not called a failure', () => {
  const error = new StoreError('Unavailable', 'secret', { mayHaveHappened: true })
  expect(toStatusError(error, attempt)).toMatchObject({
    code: 504,
    reason: 'Timeout',
    message:
      'Timeout: the storage did not answer: whether it did update deployments "web" is not known, ' +
      'please look before you try again',
  })
})

test('other errors pass', () => {
  const error = new Error('x')
  expect(toStatusError(error, attempt)).toBe(error)
})
