import { expect, test } from 'vitest'
import { serviceAccounts } from './serviceaccount.ts'

test('tokens are asked of a subresource, and the row counts the secrets', () => {
  expect(serviceAccounts.subresources.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    'token TokenRequest',
  ])
  const account = { metadata: { name: 'a' }, secrets: [{ name: 's' }] }
  expect(serviceAccounts.columns!.map(column => column.cell(account, 0))).toEqual(['a', 1, '<unknown>'])
})
