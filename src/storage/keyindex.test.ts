import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteOrder, KeyIndex } from './keyindex.ts'

test('byteOrder() sorts like the UTF-8 bytes, also where UTF-16 would not', () => {
  const keys = ['z', '\u{1f600}', '\uff5e', 'é', 'a', '']
  keys.sort((a, b) => (byteOrder(a) < byteOrder(b) ? -1 : 1))
  expect(keys).toEqual(['', 'a', 'z', 'é', '\uff5e', '\u{1f600}'])
})

test('A range begins with its prefix, after the key given, and ends with the prefix', () => {
  const index = new KeyIndex<string>()
  for (const key of ['/b/2', '/a', '/b', '/b/1', '/b0', '/b/', '/c']) index.set(key, key)
  expect([...index.range('/b/')]).toEqual(['/b/', '/b/1', '/b/2'])
  expect([...index.range('/b')]).toEqual(['/b', '/b/', '/b/1', '/b/2', '/b0'])
  expect([...index.range('/b', '/b/1')]).toEqual(['/b/2', '/b0'])
  expect([...index.range('/b', '/a')]).toEqual(['/b', '/b/', '/b/1', '/b/2', '/b0'])
  expect([...index.range('/b', '/c')]).toEqual([])
  expect([...index.range('/d')]).toEqual([])
})

test('Thousands of keys in any order of insertion and removal come out sorted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3000), fc.boolean()), { minLength: 3000, maxLength: 4000 }),
      steps => {
        const index = new KeyIndex<number>()
        const expected = new Map<string, number>()
        for (const [number, keep] of steps) {
          const key = `/k/${number}`
          if (keep) {
            index.set(key, number)
            expected.set(key, number)
          } else {
            index.delete(key)
            expected.delete(key)
          }
        }
        expect(index.size).toBe(expected.size)
        const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1))
        expect([...index.range('')]).toEqual(sorted.map(([, number]) => number))
      },
    ),
    { numRuns: 5 },
  )
})

test('Ascending insertion of many keys keeps every one reachable', () => {
  const index = new KeyIndex<number>()
  for (let number = 10000; number < 15000; number++) index.set(`/k/${number}`, number)
  expect([...index.range('/k/', '/k/14997')]).toEqual([14998, 14999])
  expect(index.get('/k/10511')).toBe(10511)
  expect(index.get('/k/1051')).toBe(undefined)
})
