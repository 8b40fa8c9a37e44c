import { expect, test } from 'vitest'
import { formatCollection, formatElement, formatHook, formatTable } from './objects.ts'

test('Objects are written in the language of nft(8)', () => {
  expect(formatTable({ family: 'inet', name: 'a' })).toBe('inet a')
  expect(formatHook({ type: 'nat', hook: 'prerouting', priority: -100 })).toBe(
    '{ type nat hook prerouting priority -100; policy accept; }',
  )
  expect(formatCollection({ kind: 'set', name: 's', key: 'type ipv6_addr . inet_service', size: 8 })).toBe(
    '{ type ipv6_addr . inet_service; size 8; }',
  )
  expect(formatElement({ key: 'tcp . 80' })).toBe('tcp . 80')
  expect(formatElement({ key: 'tcp . 80', value: 'drop' })).toBe('tcp . 80 : drop')
})
