import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { type ClusterEvent, SchedulingQueue } from './queue.ts'
import { pending } from './testobjects.fake.ts'

const events = (...names: ClusterEvent[]) => new Set(names)

function start() {
  const clock = new FakeClock(0)
  let ready = 0
  const queue = new SchedulingQueue(clock, () => {
    ready++
  })
  return { clock, queue, ready: () => ready }
}

test('The Pod of the highest priority comes first, among equals the one that came first', () => {
  const { queue, ready } = start()
  queue.add(pending('a'))
  queue.add(pending('b', { priority: 10 }))
  queue.add(pending('c', { priority: 10 }))
  expect(ready()).toBe(3)
  expect([1, 2, 3, 4].map(() => queue.pop()?.info.key)).toEqual(['ns/b', 'ns/c', 'ns/a', undefined])
})

test('A Pod that was removed is not handed out', () => {
  const { queue } = start()
  queue.add(pending('a'))
  queue.remove('ns/a')
  expect(queue.pop()).toBeUndefined()
  expect(queue.size).toBe(0)
})

test('After an error a Pod backs off for 1, 2, 4, 8 and then 10 seconds', async () => {
  const { clock, queue } = start()
  queue.add(pending('a'))
  for (const seconds of [1, 2, 4, 8, 10, 10]) {
    const queued = queue.pop()
    expect(queued).toBeDefined()
    queue.fail(queued!)
    await clock.advance(seconds * 1000 - 1)
    expect(queue.pop()).toBeUndefined()
    await clock.advance(1)
  }
  expect(queue.pop()?.attempts).toBe(7)
})

test('An unschedulable Pod waits for an event that may help it, and for its back-off', async () => {
  const { clock, queue } = start()
  queue.add(pending('a'))
  queue.fail(queue.pop()!, events('NodeAdd'))
  await clock.advance(60_000)
  queue.wake('PodDelete')
  expect(queue.pop()).toBeUndefined()
  queue.wake('NodeAdd')
  const queued = queue.pop()
  expect(queued?.info.key).toBe('ns/a')
  queue.fail(queued!, events('NodeAdd'))
  queue.wake('NodeAdd')
  expect(queue.pop()).toBeUndefined()
  await clock.advance(2000)
  expect(queue.pop()?.info.key).toBe('ns/a')
})

test('An update of the Pod itself makes it worth another attempt', async () => {
  const { clock, queue } = start()
  queue.add(pending('a'))
  queue.fail(queue.pop()!, events('NodeAdd'))
  await clock.advance(1000)
  queue.add(pending('a', { cpu: '1' }))
  expect(queue.pop()?.info.requests).toEqual({ cpu: 1000 })
})

test('Nobody waits longer than five and a half minutes', async () => {
  const { clock, queue } = start()
  queue.add(pending('a'))
  queue.fail(queue.pop()!, events('NodeAdd'))
  await clock.advance(330_000)
  expect(queue.pop()?.info.key).toBe('ns/a')
})
