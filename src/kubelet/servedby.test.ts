import { expect, test } from 'vitest'
import { proxyOf, servedByAnnotation } from './servedby.ts'

const at = (text: string, name = 'node1') =>
  proxyOf({ metadata: { name, annotations: { [servedByAnnotation]: text } } })

test('The server in whose process a node is proxies to it', () => {
  expect(at('192.0.2.1:6443')).toBe('192.0.2.1:6443/api/v1/nodes/node1/proxy')
  expect(at('[2001:db8::1]:6443', 'a/b')).toBe('[2001:db8::1]:6443/api/v1/nodes/a%2Fb/proxy')
  expect(proxyOf({ metadata: { name: 'node1' } })).toBeUndefined()
})

test('An annotation leads to no other path and no name', () => {
  const hostile = [
    '192.0.2.1:6443/api/v1/secrets?x=',
    'example.com:6443',
    '192.0.2.1',
    '[2001:db8::1]:6443#',
    ':1',
  ]
  for (const text of hostile) expect(at(text), text).toBeUndefined()
})
