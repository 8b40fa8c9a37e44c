import { expect, test } from 'vitest'
import { EventLog } from './eventlog.ts'
import type { StoreEvent } from './store.ts'

const event = (key: string, revision: number, size = 1): StoreEvent => ({
  type: 'create',
  key,
  revision,
  value: Buffer.alloc(size),
  createRevision: revision,
})
const shown = (events: readonly StoreEvent[] | undefined) =>
  events?.map(({ key, revision }) => `${key}@${revision}`)

function filled(limits?: { events: number; bytes: number }): EventLog {
  const log = new EventLog(10, limits)
  log.add(11, [event('/a/1', 11), event('/b/1', 11)])
  log.add(12, [])
  log.add(13, [event('/a/2', 13)])
  return log
}

test('What happened after a revision is found by prefix', () => {
  const log = filled()
  expect(shown(log.after(10, '/a/'))).toEqual(['/a/1@11', '/a/2@13'])
  expect(shown(log.after(11, '/'))).toEqual(['/a/2@13'])
  expect(shown(log.after(12, '/b/'))).toEqual([])
  expect(shown(log.after(20, '/'))).toEqual([])
  expect(log.revision).toBe(13)
})

test('What was before it began, or is forgotten, is not known', () => {
  const log = filled()
  expect(log.after(9, '/')).toBeUndefined()
  log.forget(12)
  expect(log.after(11, '/')).toBeUndefined()
  expect(shown(log.after(12, '/'))).toEqual(['/a/2@13'])
  log.forget(99)
  expect(shown(log.after(13, '/'))).toEqual([])
})

test('Events beyond the limits on number and bytes push the oldest out', () => {
  expect(filled({ events: 2, bytes: 100 }).start).toBe(11)
  const log = filled({ events: 100, bytes: 10 })
  log.add(14, [event('/large', 14, 10)])
  expect(log.start).toBe(13)
  expect(shown(log.after(13, '/'))).toEqual(['/large@14'])
})

test('Thousands of events later it still knows the newest', () => {
  const log = new EventLog(1, { events: 100, bytes: 1e9 })
  for (let revision = 2; revision <= 5001; revision++) log.add(revision, [event('/a', revision)])
  expect(log.start).toBe(4901)
  expect(shown(log.after(4999, '/'))).toEqual(['/a@5000', '/a@5001'])
})
