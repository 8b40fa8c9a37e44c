import { expect, test } from 'vitest'
import { defineResource } from '../api/resource.ts'
import { FakeClock } from '../component/clock.ts'
import { budgetEvents } from './eventbudget.ts'

const things = defineResource({
  group: '',
  version: 'v1',
  kind: 'Thing',
  resource: 'things',
  namespaced: true,
})
const subject = { resource: things, object: { metadata: { name: 'x' } } }

test('After the burst so many a second pass, and warnings have a reserve', async () => {
  const clock = new FakeClock()
  const passed: string[] = []
  const limit = budgetEvents({ clock, burst: 10, perSecond: 2 })
  const recorder = limit({ event: (_, type, { reason }) => void passed.push(`${type} ${reason}`) })
  const tell = (type: 'Normal' | 'Warning', count: number) => {
    passed.length = 0
    for (let n = 0; n < count; n++) recorder.event(subject, type, { reason: 'R', message: '' })
    return passed.length
  }
  expect(tell('Normal', 20)).toBe(9)
  expect(tell('Warning', 20)).toBe(1)
  await clock.advance(1500)
  expect(tell('Normal', 20)).toBe(2)
  await clock.advance(60_000)
  expect(tell('Warning', 20)).toBe(10)
})
