import { expect, test } from 'vitest'
import {
  containerImages,
  containerNames,
  formatAccessModes,
  formatBoolean,
  formatLabels,
  formatSelector,
  nameColumn,
} from './columns.ts'

test('formatLabels() sorts the pairs, and an empty map is <none>', () => {
  expect(formatLabels({ tier: 'back', app: 'shop' })).toBe('app=shop,tier=back')
  expect(formatLabels({})).toBe('<none>')
  expect(formatLabels(undefined)).toBe('<none>')
})

test('formatSelector() writes labels and expressions in the order of their keys', () => {
  const selector = {
    matchLabels: { b: '1' },
    matchExpressions: [
      { key: 'c', operator: 'NotIn', values: ['y', 'x'] },
      { key: 'a', operator: 'In', values: ['2', '1'] },
      { key: 'd', operator: 'Exists' },
      { key: 'e', operator: 'DoesNotExist' },
    ],
  }
  expect(formatSelector(selector)).toBe('a in (1,2),b=1,c notin (x,y),d,!e')
  expect(formatSelector({})).toBe('<none>')
})

test('containers and images are joined by commas', () => {
  const spec = {
    containers: [
      { name: 'a', image: 'busybox' },
      { name: 'b', image: 'nginx:1' },
    ],
  }
  expect(containerNames(spec)).toBe('a,b')
  expect(containerImages(spec)).toBe('busybox,nginx:1')
  expect(containerNames(undefined)).toBe('')
})

test('nameColumn shows the name', () => {
  expect(nameColumn.cell({ metadata: { name: 'web' } }, 0)).toBe('web')
  expect(nameColumn.format).toBe('name')
})

test('Access modes are abbreviated in upstream’s order, optional booleans are words', () => {
  expect(formatAccessModes(['ReadWriteMany', 'ReadWriteOnce'])).toBe('RWO,RWX')
  expect(formatAccessModes(undefined)).toBe('')
  expect([true, false, undefined].map(formatBoolean)).toEqual(['True', 'False', '<unset>'])
})
