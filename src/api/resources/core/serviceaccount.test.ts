import { expect, test } from 'vitest'
import { serviceAccounts } from './serviceaccount.ts'

test('tokens are asked of a subresource, and the row counts the secrets', () => {
  expect(serviceAccounts.subresources.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    'token TokenRequest',
  ])
  const account = { metadata: { name: 'a' }, secrets: [{ name: 's' }] }
  expect(serviceAccounts.columns!.map(column => column.cell(account, 0))).toEqual(['a', 1, '<unknown>'])
})

test('an annotation on its way out is warned of once', () => {
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' }
  const account = { metadata: { name: 'a', annotations } }
  expect(serviceAccounts.warnings!(account)).toEqual([
    'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; ' +
      'prefer separate namespaces to isolate access to mounted secrets',
  ])
  expect(serviceAccounts.warnings!(account, account)).toEqual([])
  expect(serviceAccounts.warnings!({ metadata: {} })).toEqual([])
})
