import { expect, test } from 'vitest'
import { ObjectIndexes } from './objectindexes.ts'

const object = (name: string, ...colors: string[]) => ({
  metadata: { namespace: 'ns', name, annotations: { colors: colors.join() } },
})
type Colored = ReturnType<typeof object>
const colors = ({ metadata }: Colored) => metadata.annotations.colors.split(',').filter(color => color !== '')

test('An object is found under each of its values, and no longer under those it lost', () => {
  const indexes = new ObjectIndexes<Colored>({ color: colors })
  const before = object('a', 'red', 'blue')
  const after = object('a', 'blue', 'green')
  indexes.replace(before, undefined)
  indexes.replace(after, before)
  expect(indexes.lookup('color', 'red')).toEqual([])
  expect(indexes.lookup('color', 'blue')).toEqual([after])
  expect(indexes.lookup('color', 'green')).toEqual([after])
  indexes.replace(undefined, after)
  expect(indexes.lookup('color', 'blue')).toEqual([])
})

test('An index that is defined late covers the objects that exist', () => {
  const indexes = new ObjectIndexes<Colored>({})
  indexes.define('color', colors, [object('a', 'red'), object('b', 'red')])
  expect(indexes.lookup('color', 'red').length).toBe(2)
})
