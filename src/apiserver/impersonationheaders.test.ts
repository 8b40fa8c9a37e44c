import { expect, test } from 'vitest'
import { headersSent } from './impersonationheaders.ts'

test('Headers of impersonation keep their values apart, and bytes that are no UTF-8 as they are', () => {
  const groups = ['CN=a, OU=b', 'dev', Buffer.from('jürgen').toString('latin1'), '\xff']
  const rawHeaders = ['Impersonate-User', 'joe', ...groups.flatMap(group => ['Impersonate-Group', group])]
  const headers = { 'impersonate-user': 'joe', 'impersonate-group': groups.join(', '), accept: 'a' }
  expect(headersSent({ headers, rawHeaders })).toEqual({
    'impersonate-user': ['joe'],
    'impersonate-group': ['CN=a, OU=b', 'dev', 'jürgen', '\xff'],
    accept: 'a',
  })
})

test('Messages that impersonate nobody are left as they are', () => {
  const headers = { accept: 'a' }
  expect(headersSent({ headers, rawHeaders: ['Accept', 'a'] })).toBe(headers)
})
