import { expect, test } from 'vitest'
import { formatPortRange, PortPool, staticPortCount } from './portpool.ts'

test.each([
  [2768, 86],
  [10000, 128],
  [100, 16],
  [16, 0],
])('Of %i ports, %i are set aside', (size, count) => expect(staticPortCount(size)).toBe(count))

test('Ports that nobody asks for by number come from above those set aside', () => {
  const pool = new PortPool({ first: 30000, last: 30019 })
  const given = Array.from({ length: 6 }, () => pool.allocateNext())
  expect(given).toEqual([30016, 30017, 30018, 30019, 30000, 30001])
  expect([pool.allocate(30001), pool.allocate(30002), pool.allocate(1)]).toEqual([
    'taken',
    'allocated',
    'outOfRange',
  ])
  pool.unmark('30001')
  pool.mark('30003')
  expect([pool.allocate(30001), pool.allocate(30003)]).toEqual(['allocated', 'taken'])
  expect(formatPortRange(pool.range)).toBe('30000-30019')
})
