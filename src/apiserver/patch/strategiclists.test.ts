import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deleteListed, elementKind, mergeList, orderBy, requireListed } from './strategiclists.ts'

const mergeItem = (item: object, change: object) => ({ ...item, ...change })

test('elementKind() insists on one type for all elements', () => {
  expect(elementKind(['a'], ['b'])).toBe('string')
  expect(elementKind([], [{ a: 1 }])).toBe('object')
  expect(() => elementKind(['a'], [1])).toThrow('list element types are not identical: [[a] [1]]')
  expect(() => elementKind([], [])).toThrow('no elements in any of the given slices')
  expect(() => elementKind([['a']])).toThrow('the server rejected our request')
})

test('deleteListed() takes out every occurrence', () => {
  expect(deleteListed(['a', 'b', 'a', 'c'], ['a', 'd'])).toEqual(['b', 'c'])
})

test('mergeList() of objects needs a merge key', () => {
  const options = { mergeKey: '', mergeItem }
  expect(() => mergeList([{ a: 1 }], [{ a: 2 }], options)).toThrow('cannot merge lists without merge key')
  expect(mergeList([], [], options)).toEqual([])
})

test('requireListed() wants the patch’s elements in the order listed, and ignores deletions', () => {
  const order = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]
  requireListed([{ name: 'a' }, { name: 'x', $patch: 'delete' }, { name: 'c' }], order, 'name')
  requireListed([], order, 'name')
  requireListed(['a', 'c'], ['a', 'b', 'c'], '')
  expect(() => requireListed([{ name: 'c' }, { name: 'a' }], order, 'name')).toThrow(
    'The order in patch list',
  )
  expect(() => requireListed(['b', 'a'], ['a', 'b'], '')).toThrow('The order in patch list')
})

test('orderBy() keeps the wanted order, and the live order of the others', () => {
  const options = { wanted: ['d', 'a'], known: ['a', 'x', 'd', 'y'], mergeKey: '', kind: 'string' as const }
  expect(orderBy(['y', 'a', 'x', 'd'], options)).toEqual(['x', 'd', 'a', 'y'])
})

test('Whatever is merged, each key is there once, in the order of the patch', () => {
  const list = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f'))
  const toObjects = (names: string[]) => names.map(name => ({ name }))
  const namesOf = (items: readonly unknown[]) => items.map(item => (item as { name: string }).name)
  fc.assert(
    fc.property(list, list, (known, patch) => {
      const merged = namesOf(mergeList(toObjects(known), toObjects(patch), { mergeKey: 'name', mergeItem }))
      expect([...merged].sort()).toEqual([...new Set([...known, ...patch])].sort())
      expect(merged.filter(name => patch.includes(name))).toEqual(patch)
      const others = known.filter(name => !patch.includes(name))
      expect(merged.filter(name => !patch.includes(name))).toEqual(others)
    }),
  )
})
