import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heap } from './heap.ts'

test('A heap gives back what was put in, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), numbers => {
      const heap = new Heap<number>((a, b) => a < b)
      for (const number of numbers) heap.push(number)
      expect(numbers.map(() => heap.pop())).toEqual([...numbers].sort((a, b) => a - b))
      expect(heap.size).toBe(0)
      expect(heap.peek()).toBeUndefined()
    }),
  )
})
