import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { periodic } from './periodic.ts'

test('A round follows another after the period, a failing one too, until it is stopped', async () => {
  const clock = new FakeClock()
  let rounds = 0
  const run = () => {
    if (++rounds === 2) throw new Error('once')
  }
  const component = periodic({ name: 'test', periodMs: 100, clock, log: silentLogger, run })
  await component.start()
  await clock.advance(350)
  expect(rounds).toBe(3)
  await component.stop()
  await clock.advance(1000)
  expect(rounds).toBe(3)
})
