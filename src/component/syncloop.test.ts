// When a sync loop runs.
import { expect, test } from 'vitest'
import { FakeClock } from './clock.ts'
import { SyncLoop, type SyncLoopOptions } from './syncloop.ts'

function loopOf(options: Partial<SyncLoopOptions> = {}) {
  const clock = new FakeClock()
  const runs: number[] = []
  const errors: unknown[] = []
  const loop = new SyncLoop({
    clock,
    delayMs: 10,
    onError: error => errors.push(error),
    ...options,
    run: async () => {
      runs.push(clock.monotonic())
      await options.run?.()
    },
  })
  return { clock, runs, errors, loop }
}

test('requests are gathered into one run', async () => {
  const { clock, runs, loop } = loopOf()
  await loop.start()
  loop.request()
  loop.request()
  await clock.advance(9)
  expect(runs).toEqual([0])
  loop.request()
  await clock.advance(100)
  expect(runs).toEqual([0, 10])
})

test('it is idle when all that was asked for is done', async () => {
  const { clock, loop } = loopOf()
  await loop.start()
  expect(loop.isIdle).toBe(true)
  loop.request()
  expect(loop.isIdle).toBe(false)
  await clock.advance(10)
  expect(loop.isIdle).toBe(true)
})

test('a request during a run is one more run after it', async () => {
  let release: () => void = () => undefined
  let count = 0
  const run = () => (count++ === 1 ? new Promise<void>(resolve => (release = resolve)) : Promise.resolve())
  const { clock, runs, loop } = loopOf({ run })
  await loop.start()
  loop.request()
  await clock.advance(20)
  loop.request()
  loop.request()
  await clock.advance(100)
  expect(runs).toEqual([0, 10])
  release()
  await clock.advance(0)
  await clock.advance(20)
  expect(runs).toEqual([0, 10, 130])
})

test('a failed run is repeated, later and later, and success ends that', async () => {
  let failures = 0
  const run = async () => {
    if (failures++ > 0 && failures < 5) throw new Error(`failure ${failures - 1}`)
  }
  const { clock, runs, errors, loop } = loopOf({ run })
  await loop.start()
  loop.request()
  await clock.advance(10_000)
  expect(runs).toEqual([0, 10, 260, 760, 1760])
  expect(errors).toEqual([1, 2, 3].map(n => new Error(`failure ${n}`)))
})

test('without requests it runs at an interval, if one is given', async () => {
  const { clock, runs, loop } = loopOf({ resyncMs: 1000 })
  await loop.start()
  await clock.advance(2500)
  expect(runs).toEqual([0, 1000, 2000])
})

test('a first run that fails is the end', async () => {
  const run = async () => {
    throw new Error('no')
  }
  const { clock, runs, loop } = loopOf({ run, resyncMs: 10 })
  await expect(loop.start()).rejects.toThrow('no')
  loop.request()
  await clock.advance(1000)
  expect(runs).toEqual([0])
})

test('it ends with the run that is going on', async () => {
  const { clock, runs, loop } = loopOf({ resyncMs: 1000 })
  await loop.start()
  loop.request()
  await loop.stop()
  loop.request()
  await clock.advance(5000)
  expect(runs).toEqual([0])
})
