import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { HistoryKeeper } from './history.ts'
import { planWrite, VersionIndex } from './mvcc.ts'

function createMany(index: VersionIndex, count: number) {
  for (let done = 0; done < count; done++) {
    const key = `/${index.revision}`
    index.append(
      planWrite([{ type: 'create', key, value: Buffer.alloc(0) }], index.revision + 1, () => undefined),
    )
  }
}

test('Without options 10,000 revisions are kept, for five minutes', async () => {
  const index = new VersionIndex()
  const clock = new FakeClock()
  const told: number[] = []
  const keeper = new HistoryKeeper(index, clock, { onForgotten: () => void told.push(index.forgotten) })
  createMany(index, 10_100)
  keeper.trim()
  expect([index.revision, index.forgotten, told]).toEqual([10_101, 101, []])
  await clock.advance(329_000)
  expect(told).toEqual([])
  await clock.advance(2_000)
  expect(told).toEqual([10_101])
})

test('A store where nothing happens has nothing to forget', async () => {
  const clock = new FakeClock()
  let told = 0
  new HistoryKeeper(new VersionIndex(), clock, {
    onForgotten: () => {
      told++
    },
  })
  await clock.advance(3_600_000)
  expect(told).toBe(0)
})

test('A stopped keeper forgets nothing more', async () => {
  const index = new VersionIndex()
  const clock = new FakeClock()
  const keeper = new HistoryKeeper(index, clock, { ageMs: 1000, onForgotten: () => undefined })
  createMany(index, 5)
  keeper.stop()
  await clock.advance(10_000)
  expect(index.forgotten).toBe(1)
})
