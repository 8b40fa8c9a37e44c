import { expect, test } from 'vitest'
import { ObjectIndex } from './objectindex.ts'
import { configMaps } from './registries.fake.ts'
import { Codec } from './stored.ts'

const codec = new Codec(configMaps)
const object = (namespace: string, name: string, revision = 1) =>
  codec.decode(codec.encode({ metadata: { namespace, name } }), revision)
const names = (index: ObjectIndex, namespace?: string) => index.list(namespace).map(({ name }) => name)

test('lists are in the order of keys, whatever the order of writes', () => {
  const index = new ObjectIndex()
  for (const name of ['m', 'a', 'z']) index.set(object('x', name))
  expect(names(index, 'x')).toEqual(['a', 'm', 'z'])
  for (const name of ['b', 'zz', '0']) index.set(object('x', name))
  index.delete('x', 'm')
  expect(names(index, 'x')).toEqual(['0', 'a', 'b', 'z', 'zz'])
  index.set(object('x', 'm', 7))
  index.delete('x', 'nothing')
  expect(names(index, 'x')).toEqual(['0', 'a', 'b', 'm', 'z', 'zz'])
  expect(index.get('x', 'm')?.revision).toBe(7)
  expect(index.size).toBe(6)
})

test('a list that was handed out does not change any more', () => {
  const index = new ObjectIndex()
  index.set(object('x', 'a', 1))
  const before = index.list('x')
  index.set(object('x', 'a', 2))
  index.set(object('x', 'b', 3))
  expect(before.map(({ revision }) => revision)).toEqual([1])
  expect(index.list('x').map(({ revision }) => revision)).toEqual([2, 3])
})

test('namespaces follow the order of their keys, and go when they are empty', () => {
  const index = new ObjectIndex()
  index.set(object('a', 'second'))
  index.set(object('a-b', 'first'))
  expect(names(index)).toEqual(['first', 'second'])
  index.delete('a-b', 'first')
  expect(names(index)).toEqual(['second'])
  index.delete('a', 'second')
  expect(names(index)).toEqual([])
  expect(names(index, 'a')).toEqual([])
})
