import { expect, test } from 'vitest'
import { parseEndpoints, withoutCredentials } from './etcdendpoints.ts'

test('Members of both families and names of hosts, with and without a user', () => {
  const { urls, user } = parseEndpoints([
    'http://[::1]:2379',
    'https://ro%40t:a%2Fb@etcd.example',
    'http://192.0.2.1:1',
  ])
  expect(urls.map(({ origin }) => origin)).toEqual([
    'http://[::1]:2379',
    'https://etcd.example',
    'http://192.0.2.1:1',
  ])
  expect(user).toEqual({ name: 'ro@t', password: 'a/b' })
  expect(parseEndpoints(['http://[::1]:2379']).user).toBe(undefined)
})

test.each(['', 'localhost:2379', 'ftp://x', 'http://u:secret@[::1/', 'http://u:secret@x/path'])(
  '%s is refused',
  text => {
    expect(() => parseEndpoints([text])).toThrow(/^Cannot use the etcd endpoint ".*": expected a URL such as/)
    expect(() => parseEndpoints([text])).not.toThrow('secret')
  },
)

test('A password is not shown', () => {
  expect(withoutCredentials('etcd:http://a:b@[::1]:1,http://c@x,http://y')).toBe(
    'etcd:http://***@[::1]:1,http://***@x,http://y',
  )
  expect(withoutCredentials('lmdb:/a//b')).toBe('lmdb:/a//b')
})
