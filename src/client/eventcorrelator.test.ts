import { expect, test } from 'vitest'
import type { CoreV1Event } from '../api/generated/types.ts'
import { EventCorrelator } from './eventcorrelator.ts'

const start = Date.UTC(2026, 0, 1)
let names = 0
const event = (message: string, object = 'pod'): CoreV1Event => ({
  metadata: { name: `event-${names++}`, namespace: 'ns' },
  involvedObject: { kind: 'Pod', namespace: 'ns', name: object },
  source: { component: 'kubelet' },
  type: 'Normal',
  reason: 'Pulled',
  message,
  count: 1,
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:00:00Z',
})

test('The same event again is counted on the first one', () => {
  const correlator = new EventCorrelator()
  const first = correlator.correlate(event('pulled a'), start)
  const later = { ...event('pulled a'), firstTimestamp: 'later', lastTimestamp: 'later' }
  const second = correlator.correlate(later, start + 1000)
  const third = correlator.correlate(event('pulled a'), start + 2000)
  if (first.type !== 'create' || second.type !== 'count' || third.type !== 'count') throw new Error()
  expect(second.event.metadata.name).toBe(first.event.metadata.name)
  expect(second.event).toMatchObject({
    count: 2,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: 'later',
  })
  expect(third.event.count).toBe(3)
})

test('From the tenth different message on, similar events are combined into one', () => {
  const correlator = new EventCorrelator()
  const outcomes = Array.from({ length: 12 }, (_, i) => correlator.correlate(event(`pulled ${i}`), start))
  expect(outcomes.map(outcome => outcome.type)).toEqual([...Array(10).fill('create'), 'count', 'count'])
  const tenth = outcomes[9]
  const last = outcomes[11]
  if (tenth?.type !== 'create' || last?.type !== 'count') throw new Error()
  expect(tenth.event.message).toBe('(combined from similar events): pulled 9')
  expect(last.event).toMatchObject({ message: '(combined from similar events): pulled 11', count: 3 })
})

test('Ten minutes later the combining starts over', () => {
  const correlator = new EventCorrelator()
  for (let i = 0; i < 12; i++) correlator.correlate(event(`pulled ${i}`), start)
  const outcome = correlator.correlate(event('pulled again'), start + 601_000)
  expect(outcome).toMatchObject({ type: 'create', event: { message: 'pulled again' } })
})

test('An object may cause 25 events at once, then one in five minutes', () => {
  const correlator = new EventCorrelator()
  const types = (count: number, at: number, object: string) =>
    Array.from({ length: count }, () => correlator.correlate(event('x', object), at).type)
  expect(types(26, start, 'a').indexOf('dropped')).toBe(25)
  expect(types(1, start, 'b')).toEqual(['create'])
  expect(types(2, start + 300_000, 'a')).toEqual(['count', 'dropped'])
})
