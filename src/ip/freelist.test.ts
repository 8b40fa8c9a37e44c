import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TakenNumbers } from './freelist.ts'

test('Numbers are taken once and can be freed', () => {
  const taken = new TakenNumbers(64)
  const high = (1n << 64n) - 1n
  expect([taken.take(high), taken.take(high), taken.has(high), taken.count]).toEqual([true, false, true, 1])
  expect([taken.free(high), taken.free(high), taken.has(high), taken.count]).toEqual([true, false, false, 0])
})

test('The next free number is found past whole blocks that are taken', () => {
  const taken = new TakenNumbers(20)
  for (let number = 0n; number < 2050n; number++) taken.take(number)
  expect(taken.nextFree(0n)).toBe(2050n)
  expect(taken.nextFree(3000n)).toBe(3000n)
  taken.free(33n)
  expect(taken.nextFree(0n)).toBe(33n)
  expect(taken.nextFree(34n)).toBe(2050n)
})

test('A full range has no next free number', () => {
  const taken = new TakenNumbers(5)
  for (let number = 0n; number < 32n; number++) taken.take(number)
  expect(taken.nextFree(0n)).toBeUndefined()
  expect(taken.nextFree(32n)).toBeUndefined()
})

test('It behaves as a set of numbers would', () => {
  const number = fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(1000n, 1100n), fc.bigInt(0n, (1n << 40n) - 1n))
  const step = fc.tuple(fc.constantFrom('take', 'free', 'next'), number)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.constantFrom(40, 64), (steps, bits) => {
      const taken = new TakenNumbers(bits)
      const model = new Set<bigint>()
      for (const [action, value] of steps) {
        if (action === 'take') {
          expect(taken.take(value)).toBe(!model.has(value))
          model.add(value)
        } else if (action === 'free') expect(taken.free(value)).toBe(model.delete(value))
        else {
          let expected = value
          while (model.has(expected)) expected++
          const isInside = expected >> BigInt(bits) === 0n
          expect(taken.nextFree(value)).toBe(isInside ? expected : undefined)
        }
        expect(taken.count).toBe(model.size)
      }
      for (const value of model) expect(taken.has(value)).toBe(true)
    }),
  )
})
