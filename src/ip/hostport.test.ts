import { expect, test } from 'vitest'
import { bracketHost, joinHostPort, splitHostPort } from './hostport.ts'

test.each([
  ['192.0.2.1', 80, '192.0.2.1:80'],
  ['2001:db8::1', 443, '[2001:db8::1]:443'],
  ['localhost', 0, 'localhost:0'],
  ['fe80::1%eth0', 1, '[fe80::1%eth0]:1'],
])('%s and %i are joined to %s and split again', (host, port, text) => {
  expect(joinHostPort(host, port)).toBe(text)
  expect(splitHostPort(text)).toEqual({ host, port: String(port) })
})

test.each(['192.0.2.1', '2001:db8::1', '[2001:db8::1]', '[::1]80', 'a[b]:1', '[::1]:8[0', '[::1:80', ''])(
  '"%s" has no port to split off',
  text => expect(splitHostPort(text)).toBeUndefined(),
)

test('An empty host or port is allowed, as in Go', () => {
  expect(splitHostPort(':80')).toEqual({ host: '', port: '80' })
  expect(splitHostPort('host:')).toEqual({ host: 'host', port: '' })
})

test('Only an IPv6 address gets brackets', () => {
  expect([bracketHost('::1'), bracketHost('192.0.2.1')]).toEqual(['[::1]', '192.0.2.1'])
})
