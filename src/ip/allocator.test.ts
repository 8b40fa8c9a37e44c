import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AddressAllocator, CIDRAllocator, RangeAllocator, staticBandSize } from './allocator.ts'

test('Addresses are given out in turn, and a released one rests until the range has been gone round', () => {
  const pool = new AddressAllocator('192.0.2.0/29')
  expect([pool.allocateNext(), pool.allocateNext()]).toEqual(['192.0.2.1', '192.0.2.2'])
  expect(pool.release('192.0.2.1')).toBe(true)
  const rest = [1, 2, 3, 4, 5, 6].map(() => pool.allocateNext())
  expect(rest).toEqual(['192.0.2.3', '192.0.2.4', '192.0.2.5', '192.0.2.6', '192.0.2.1', undefined])
  expect([pool.used, pool.free]).toEqual([6, 0n])
})

test('An address can be asked for by name', () => {
  const pool = new AddressAllocator('fd00::/64')
  expect(pool.allocate('fd00::1')).toBe('allocated')
  expect(pool.allocate('fd00:0::1')).toBe('taken')
  expect(pool.allocate('fd00::')).toBe('outOfRange')
  expect(pool.allocate('fd00::ffff:ffff:ffff:ffff')).toBe('allocated')
  expect(pool.allocate('fd01::1')).toBe('outOfRange')
  expect(pool.allocate('10.0.0.1')).toBe('outOfRange')
  expect([pool.has('fd00::1'), pool.has('fd00::2'), pool.covers('fd00::2')]).toEqual([true, false, true])
  expect([pool.peekNext(), pool.peekNext(), pool.allocateNext()]).toEqual(['fd00::2', 'fd00::2', 'fd00::2'])
  expect([pool.release('fd00::3'), pool.release('fd01::1')]).toEqual([false, false])
})

test.each([
  [65534n, 256n],
  [4096n, 256n],
  [1024n, 64n],
  [256n, 16n],
  [254n, 16n],
  [17n, 16n],
  [16n, 0n],
  [1n << 64n, 256n],
])('The static band of %i addresses has %i', (size, band) => expect(staticBandSize(size)).toBe(band))

test('The static band is used only when the other one is full', () => {
  const pool = new AddressAllocator('10.0.0.0/27', { staticBand: true })
  const given = Array.from({ length: 31 }, () => pool.allocateNext())
  expect(given.slice(0, 2)).toEqual(['10.0.0.17', '10.0.0.18'])
  expect(given.slice(13, 16)).toEqual(['10.0.0.30', '10.0.0.1', '10.0.0.2'])
  expect(given.at(-1)).toBeUndefined()
  pool.release('10.0.0.20')
  expect(pool.allocateNext()).toBe('10.0.0.20')
})

test('What is reserved at the ends can be chosen', () => {
  const pool = new AddressAllocator('192.0.2.8/30', { reserveFirst: 0, reserveLast: 0 })
  expect([1, 2, 3, 4, 5].map(() => pool.allocateNext())).toEqual([
    '192.0.2.8',
    '192.0.2.9',
    '192.0.2.10',
    '192.0.2.11',
    undefined,
  ])
  expect(new AddressAllocator('192.0.2.8/32').allocateNext()).toBeUndefined()
  expect(() => new AddressAllocator('192.0.2.9/30')).toThrow('Cannot use the range "192.0.2.9/30"')
})

test('Pod CIDRs are parts of the cluster CIDR', () => {
  const parts = new CIDRAllocator('fd00:10:244::/56', 64)
  expect(parts.allocate('fd00:10:244:1::/64')).toBe('allocated')
  expect([parts.allocateNext(), parts.allocateNext()]).toEqual(['fd00:10:244::/64', 'fd00:10:244:2::/64'])
  expect(parts.allocate('fd00:10:244:1::/64')).toBe('taken')
  expect(parts.allocate('fd00:10:244:1::/72')).toBe('outOfRange')
  expect(parts.allocate('fd00:10:245::/64')).toBe('outOfRange')
  expect([parts.has('fd00:10:244::/64'), parts.release('fd00:10:244::/64')]).toEqual([true, true])
  expect([parts.used, parts.free]).toEqual([2, 254n])
  expect(() => new CIDRAllocator('10.0.0.0/24', 16)).toThrow('Cannot take /16')
})

test('One that moves on goes on from there, within the upper band', () => {
  const range = new RangeAllocator({ first: 1n, last: 20n, dynamicFrom: 11n })
  range.moveOn(0.5)
  expect([range.allocateNext(), range.allocateNext()]).toEqual([16n, 17n])
  range.moveOn(0)
  expect(range.allocateNext()).toBe(11n)
  range.moveOn(0.999)
  expect([range.allocateNext(), range.allocateNext()]).toEqual([20n, 12n])
})

test('No number is ever given out twice, and all are given out', () => {
  const step = fc.oneof(fc.constant(undefined), fc.bigInt(-2n, 70n))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.bigInt(0n, 64n), (steps, dynamicFrom) => {
      const range = new RangeAllocator({ first: 1n, last: 62n, dynamicFrom: dynamicFrom + 1n })
      const model = new Set<bigint>()
      for (const wanted of steps) {
        if (wanted === undefined) {
          const given = range.allocateNext()
          if (given === undefined) expect(model.size).toBe(62)
          else expect(model.has(given)).toBe(false)
          if (given !== undefined) model.add(given)
        } else if (model.has(wanted)) {
          expect(range.allocate(wanted)).toBe('taken')
          expect(range.release(wanted)).toBe(true)
          model.delete(wanted)
        } else if (wanted < 1n || wanted > 62n) expect(range.allocate(wanted)).toBe('outOfRange')
        else {
          expect(range.allocate(wanted)).toBe('allocated')
          model.add(wanted)
        }
      }
      expect(range.used).toBe(model.size)
      for (let left = 62 - model.size; left > 0; left--) expect(range.allocateNext()).toBeDefined()
      expect(range.allocateNext()).toBeUndefined()
    }),
  )
})
