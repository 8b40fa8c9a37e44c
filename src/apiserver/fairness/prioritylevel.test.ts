import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuzz } from '../../../test/fuzzing.ts'
import { FakeClock } from '../../component/clock.ts'
import { handOf, PriorityLevel } from './prioritylevel.ts'

const clock = new FakeClock(0)
const options = { clock, waitMs: 15_000 }
const never = () => undefined
const queuing = { queues: 16, handSize: 4, queueLengthLimit: 3 }

test('A hand is the same for the same flow, and its cards are different ones of the deck', () => {
  fuzz(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 128 }),
      fc.integer({ min: 1, max: 10 }),
      (flow, deck, size) => {
        const hand = handOf(flow, deck, size)
        expect(handOf(flow, deck, size)).toEqual(hand)
        expect(new Set(hand).size).toBe(Math.min(deck, size))
        expect(hand.every(card => card >= 0 && card < deck)).toBe(true)
      },
    ),
  )
})

/** Who was admitted, in order; each stays until told. */
function level(limits: ConstructorParameters<typeof PriorityLevel>[0]) {
  const made = new PriorityLevel(limits, options)
  const order: string[] = []
  const enter = (flow: string) =>
    made.enter(flow, never).then(refusal => void order.push(refusal ? `${flow} ${refusal}` : flow))
  return { made, order, enter }
}
const settled = () => new Promise(resolve => setImmediate(resolve))

test('One that floods waits behind itself: another flow gets the next turn', async () => {
  const { made, order, enter } = level({ seats: 2, queuing })
  for (let count = 0; count < 30; count++) void enter('flood')
  void enter('quiet')
  await settled()
  // Two are served, its hand of four queues holds three each, the rest is refused.
  expect(order.filter(each => each === 'flood')).toHaveLength(2)
  expect(order.filter(each => each === 'flood queue-full')).toHaveLength(16)
  expect([made.executing, made.waiting]).toEqual([2, 13])
  for (let turn = 0; turn < 6; turn++) made.leave()
  await settled()
  expect(order).toContain('quiet')
  expect(order.filter(each => each === 'flood')).toHaveLength(7)
})

test('Who waits too long or goes away is let go, and takes no seat', async () => {
  const { made, order, enter } = level({ seats: 1, queuing })
  void enter('a')
  void enter('b')
  const leaving = new AbortController()
  const gone = made.enter('c', () => leaving.signal)
  leaving.abort()
  expect(await gone).toBe('cancelled')
  await clock.advance(15_000)
  expect([order, made.waiting]).toEqual([['a', 'b time-out'], 0])
  made.leave()
  expect(made.executing).toBe(0)
})

test('Without queues what is too much is refused; other limits let more in', async () => {
  const { made, order, enter } = level({ seats: 1 })
  void enter('a')
  void enter('b')
  await settled()
  made.configure({ seats: 2 })
  void enter('c')
  await settled()
  expect(order).toEqual(['a', 'b concurrency-limit', 'c'])
})
