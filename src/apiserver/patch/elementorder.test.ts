import { expect, test } from 'vitest'
import { orderElements } from './elementorder.ts'

const order = (merged: string, patch: string, server: string) =>
  orderElements([...merged], { patch: [...patch], server: [...server], mergeKey: undefined }).join('')

test.each([
  ['abc', 'cba', 'abc', 'cba'],
  ['abcx', 'xb', 'abc', 'xabc'],
  ['ab', 'b', 'a', 'ba'],
  ['abcd', 'db', 'abcd', 'acdb'],
  ['abc', '', 'abc', 'abc'],
])('%s ordered by the patch %s over the server %s is %s', (merged, patch, server, expected) => {
  expect(order(merged, patch, server)).toBe(expected)
})

test('Objects are told apart by their merge key', () => {
  const merged = [{ name: 'a', image: '1' }, { name: 'b' }]
  const ordered = orderElements(merged, {
    patch: [{ name: 'b' }, { name: 'a' }],
    server: merged,
    mergeKey: 'name',
  })
  expect(ordered).toEqual([{ name: 'b' }, { name: 'a', image: '1' }])
})
