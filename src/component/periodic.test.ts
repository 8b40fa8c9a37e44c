import { expect, test } from 'vitest'
import { FakeClock } from './clock.ts'
import { Periodic } from './periodic.ts'

test('Periodic runs after the first delay, then after each interval, until it is stopped', async () => {
  const clock = new FakeClock(0)
  const journal: string[] = []
  const periodic = new Periodic({
    clock,
    intervalMs: 100,
    async run() {
      journal.push(`run at ${clock.now()}`)
      if (journal.length === 1) throw new Error('once')
    },
    onError: error => journal.push(String(error)),
  })
  periodic.start(10)
  await clock.advance(10)
  await clock.advance(100)
  await clock.advance(100)
  periodic.stop()
  await clock.advance(1000)
  expect(journal).toEqual(['run at 10', 'Error: once', 'run at 110', 'run at 210'])
})
