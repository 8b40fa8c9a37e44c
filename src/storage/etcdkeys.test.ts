import { expect, test } from 'vitest'
import { EtcdKeys } from './etcdkeys.ts'

const registry = new EtcdKeys('/registry/', '/other/')
const everything = new EtcdKeys('', '')
const shown = (keys: EtcdKeys, prefix: string, after?: string) => {
  const range = keys.range(prefix, after)
  return range && `${range.key} ${range.rangeEnd}`
}

test('A key has another beginning in etcd, and keys with none of it are not the store’s', () => {
  expect(registry.toEtcd('/registry/pods/a').toString()).toBe('/other/pods/a')
  expect(registry.fromEtcd(Buffer.from('/other/pods/a'))).toBe('/registry/pods/a')
  expect(registry.fromEtcd(Buffer.from('compact_rev_key'))).toBeUndefined()
  expect(() => registry.toEtcd('/elsewhere')).toThrow(
    'Cannot use the key /elsewhere: expected one that starts with /registry/',
  )
})

test('A prefix is the range up to the first key that no longer has it', () => {
  expect(shown(registry, '/registry/pods/')).toBe('/other/pods/ /other/pods0')
  expect(shown(everything, '/a')).toBe('/a /b')
  expect(shown(everything, '')).toBe('\0 \0')
  expect(everything.range('/é')?.rangeEnd).toEqual(Buffer.from([0x2f, 0xc3, 0xaa]))
})

test('A prefix that is wider than the store’s keys is all of them, one beside them none', () => {
  expect(shown(registry, '')).toBe('/other/ /other0')
  expect(shown(registry, '/reg')).toBe('/other/ /other0')
  expect(shown(registry, '/x')).toBeUndefined()
})

test('after begins the range behind a key, wherever that is', () => {
  expect(shown(registry, '/registry/pods/', '/registry/pods/a')).toBe('/other/pods/a\0 /other/pods0')
  expect(shown(registry, '/registry/pods/', '/registry/nodes/a')).toBe('/other/pods/ /other/pods0')
  expect(shown(registry, '/registry/pods/', '/registry/secrets/a')).toBeUndefined()
  expect(shown(registry, '/registry/pods/', '/a')).toBe('/other/pods/ /other/pods0')
  expect(shown(registry, '/registry/pods/', '/z')).toBeUndefined()
  expect(shown(everything, '', '/a')).toBe('/a\0 \0')
})
