import { expect, test } from 'vitest'
import type { CoreV1Event } from '../../generated/types.ts'
import { events } from './event.ts'

const event = (rest: Partial<CoreV1Event> = {}): CoreV1Event => ({
  metadata: { name: 'e', namespace: 'ns' },
  involvedObject: { kind: 'Pod', name: 'web', namespace: 'ns' },
  ...rest,
})
const texts = (object: CoreV1Event) =>
  events.validate!(object).map(({ field, message }) => `${field}: ${message}`)
const cells = (object: CoreV1Event) => events.columns!.map(column => column.cell(object, 300_000))

test('an event lies in the namespace of its object', () => {
  expect(texts(event())).toEqual([])
  expect(texts(event({ involvedObject: { kind: 'Node' }, metadata: { namespace: 'default' } }))).toEqual([])
  expect(texts(event({ involvedObject: { namespace: 'other' } }))).toEqual([
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ])
})

test('an event of the newer kind says who reports what', () => {
  const eventTime = '2026-01-01T00:00:00.000000Z'
  const full = { eventTime, reportingComponent: 'a.b/c', reportingInstance: 'i', action: 'Do', reason: 'Why' }
  expect(texts(event(full))).toEqual([])
  const empty = texts(event({ eventTime, message: 'x'.repeat(1025) }))
  expect(empty.filter(text => text.endsWith('Required value'))).toEqual([
    'reportingController: Required value',
    'reportingInstance: Required value',
    'action: Required value',
    'reason: Required value',
  ])
  expect(empty).toContain('message: Invalid value: "": can have at most 1024 characters')
})

test('the row of a repeated event', () => {
  const times = { firstTimestamp: '1970-01-01T00:00:00Z', lastTimestamp: '1970-01-01T00:04:00Z' }
  const rest = { ...times, count: 3, type: 'Normal', reason: 'Pulled', message: ' done\n' }
  const source = { component: 'kubelet', host: 'node-1' }
  expect(cells(event({ ...rest, source }))).toEqual([
    '60s',
    'Normal',
    'Pulled',
    'pod/web',
    '',
    'kubelet, node-1',
    'done',
    '5m',
    3,
    'e',
  ])
})

test('the row of a series counts the event before it', () => {
  const rest = {
    eventTime: '1970-01-01T00:00:00.000000Z',
    series: { count: 4, lastObservedTime: '1970-01-01T00:05:00.000000Z' },
    reportingComponent: 'scheduler',
  }
  const row = cells(event(rest))
  expect([row[0], row[5], row[7], row[8]]).toEqual(['0s', 'scheduler', '5m', 5])
})

test('events are found by what they are about', () => {
  const found = Object.entries(events.selectableFields!).map(([name, get]) => [
    name,
    get(event({ type: 'Warning' })),
  ])
  expect(Object.fromEntries(found)).toMatchObject({
    'involvedObject.kind': 'Pod',
    'involvedObject.name': 'web',
    type: 'Warning',
    source: '',
  })
})
