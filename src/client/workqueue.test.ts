import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { WorkQueue } from './workqueue.ts'

test('A key that waits is not queued twice', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  queue.add('a')
  queue.add('b')
  queue.add('a')
  expect(queue.length).toBe(2)
  expect([await queue.take(), await queue.take()]).toEqual(['a', 'b'])
})

test('A key that is added while it is worked on comes back only after done()', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  queue.add('a')
  expect(await queue.take()).toBe('a')
  queue.add('a')
  queue.add('a')
  expect(queue.length).toBe(0)
  queue.done('a')
  expect(queue.length).toBe(1)
  expect(await queue.take()).toBe('a')
  queue.done('a')
  expect(queue.length).toBe(0)
})

test('take() waits for the next key, and several takers are served in turn', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  const taken = Promise.all([queue.take(), queue.take()])
  queue.add('a')
  queue.add('b')
  expect(await taken).toEqual(['a', 'b'])
})

test('addAfter() adds when the delay is over, the soonest of several delays counts', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock })
  queue.addAfter('a', 1000)
  queue.addAfter('a', 100)
  queue.addAfter('a', 500)
  await clock.advance(99)
  expect(queue.length).toBe(0)
  await clock.advance(1)
  expect(queue.length).toBe(1)
  await queue.take()
  queue.done('a')
  await clock.advance(2000)
  expect(queue.length).toBe(0)
})

test('addRateLimited() doubles the delay up to the longest one, forget() starts over', () => {
  const queue = new WorkQueue({ clock: new FakeClock(), maxDelayMs: 30 })
  const delays = [1, 2, 3, 4, 5].map(() => queue.addRateLimited('a'))
  expect(delays).toEqual([5, 10, 20, 30, 30])
  expect(queue.retries('a')).toBe(5)
  queue.forget('a')
  expect(queue.retries('a')).toBe(0)
  expect(queue.addRateLimited('a')).toBe(5)
})

test('The default delays run from 5 ms to 1,000 s', () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  for (let i = 0; i < 17; i++) queue.addRateLimited('a')
  expect(queue.addRateLimited('a')).toBe(655_360)
  expect(queue.addRateLimited('a')).toBe(1_000_000)
})

test('shutDown() ends the takers, refuses new keys and waits for the work in hand', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock })
  queue.add('a')
  queue.add('b')
  queue.addAfter('c', 10)
  await queue.take()
  let stopped = false
  const stopping = queue.shutDown().then(() => {
    stopped = true
  })
  expect(await queue.take()).toBeUndefined()
  queue.add('d')
  await clock.advance(20)
  expect(queue.length).toBe(0)
  expect(stopped).toBe(false)
  queue.done('a')
  await stopping
  expect(stopped).toBe(true)
})

test('Ten thousand keys come out in the order they went in', async () => {
  const queue = new WorkQueue<number>({ clock: new FakeClock() })
  for (let i = 0; i < 10_000; i++) queue.add(i)
  for (let i = 0; i < 10_000; i++) {
    const key = await queue.take()
    if (key !== i) expect(key).toBe(i)
    queue.done(key as number)
  }
  expect(queue.length).toBe(0)
})
