import { expect, test } from 'vitest'
import { planWrite, VersionIndex } from './mvcc.ts'
import type { StoreEvent } from './store.ts'
import { eventOf, WatchHub } from './watchhub.ts'

const event = (key: string, revision: number): StoreEvent => ({
  type: 'create',
  key,
  revision,
  value: Buffer.alloc(0),
  createRevision: revision,
})

function recorder(prefix: string, afterRevision?: number) {
  const batches: string[] = []
  const onEvents = (events: readonly StoreEvent[]) =>
    void batches.push(events.map(({ key, revision }) => `${key}@${revision}`).join(' '))
  return { batches, options: { prefix, afterRevision, onEvents, onEnd: () => undefined } }
}

test('What is delivered from within a delivery waits until every watch has the events before it', () => {
  const hub = new WatchHub()
  const first = recorder('/')
  const last = recorder('/')
  hub.add({ ...first.options, onEvents: events => deliverOneMore(events) }, 1, [])
  hub.add(last.options, 1, [])
  function deliverOneMore(events: readonly StoreEvent[]) {
    if (events[0]!.revision === 2) hub.deliver([event('/b', 3)])
    first.options.onEvents(events)
  }
  hub.deliver([event('/a', 2)])
  expect(first.batches).toEqual(['/a@2', '/b@3'])
  expect(last.batches).toEqual(['/a@2', '/b@3'])
})

test('A watch added from within a delivery is not given twice what still waits to be delivered', () => {
  const hub = new WatchHub()
  const late = recorder('/', 1)
  hub.add(
    {
      ...recorder('/').options,
      onEvents: ([{ revision } = event('', 0)]) => {
        if (revision !== 2) return
        hub.deliver([event('/b', 3)])
        hub.add(late.options, 3, [event('/a', 2), event('/b', 3)])
      },
    },
    1,
    [],
  )
  hub.deliver([event('/a', 2)])
  hub.deliver([event('/c', 4)])
  expect(late.batches).toEqual(['/a@2 /b@3', '/c@4'])
})

test('A watch that is interested in all events of a commit is given the very same list', () => {
  const hub = new WatchHub()
  const given: unknown[] = []
  hub.add({ ...recorder('/').options, onEvents: events => void given.push(events) }, 1, [])
  const events = [event('/a', 2), event('/b', 2)]
  hub.deliver(events)
  expect(given[0]).toBe(events)
})

test('A watch is given the events it wants of a commit, in order, wherever they stand', () => {
  const hub = new WatchHub()
  const seen = ['/a', '/b', '/c', '/'].map(prefix => {
    const { batches, options } = recorder(prefix, 1)
    hub.add(options, 1, [])
    return batches
  })
  hub.deliver([event('/a1', 2), event('/b1', 2), event('/a2', 2), event('/b2', 3)])
  expect(seen).toEqual([['/a1@2 /a2@2'], ['/b1@2 /b2@3'], [], ['/a1@2 /b1@2 /a2@2 /b2@3']])
})

test('Values before a change are only read while a watch asks for them', () => {
  const hub = new WatchHub()
  hub.add(recorder('/').options, 1, [])
  expect(hub.wantsPrevious).toBe(false)
  const asking = hub.add({ ...recorder('/').options, withPrevious: true }, 1, [])
  expect(hub.wantsPrevious).toBe(true)
  asking.close()
  expect(hub.wantsPrevious).toBe(false)
  const before = { key: '/a', revision: 2, operation: 0, createRevision: 2, deleted: false }
  const value = Buffer.from('new')
  const version = {
    ...before,
    revision: 3,
    value,
    previous: { ...before, value: undefined, previous: undefined },
  }
  const bytesOf = (asked: { value: Buffer | undefined }) =>
    asked.value ?? expect.fail('read the value before')
  expect(eventOf(version, { bytesOf, withPrevious: false })).toEqual({
    type: 'update',
    key: '/a',
    revision: 3,
    value,
    createRevision: 2,
  })
})

test('eventOf() of a create after a delete has no previous entry', () => {
  const index = new VersionIndex()
  const value = Buffer.from('value')
  const write = (operation: Parameters<typeof planWrite>[0][number]) => {
    const versions = planWrite([operation], index.revision + 1, key => index.head(key))
    index.append(versions)
    return eventOf(versions[0]!, { bytesOf: version => version.value!, withPrevious: true })
  }
  write({ type: 'create', key: '/a', value })
  expect(write({ type: 'delete', key: '/a', expectedRevision: 2 })).toEqual({
    type: 'delete',
    key: '/a',
    revision: 3,
    value,
    createRevision: 2,
    previous: { key: '/a', value, revision: 2, createRevision: 2 },
  })
  expect(write({ type: 'create', key: '/a', value })).toEqual({
    type: 'create',
    key: '/a',
    revision: 4,
    value,
    createRevision: 4,
  })
})
