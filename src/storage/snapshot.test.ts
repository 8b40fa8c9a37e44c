import { expect, test } from 'vitest'
import { openMemoryStore } from './memory.ts'
import { restoreSnapshot, takeSnapshot } from './snapshot.ts'
import type { StoreEvent } from './store.ts'

const value = (text: string) => Buffer.from(text)

async function openFilled() {
  const store = openMemoryStore()
  await store.write([
    { type: 'create', key: '/a', value: value('1') },
    { type: 'create', key: '/b', value: value('1') },
    { type: 'create', key: '/c', value: value('1') },
  ])
  const events: string[] = []
  const onEvents = (batch: readonly StoreEvent[]) =>
    events.push(...batch.map(({ type, key, value }) => `${type} ${key} ${value}`))
  await store.watch({ prefix: '', onEvents, onEnd: () => undefined })
  return { store, events }
}

test('A store goes back to what it was, and watchers see how', async () => {
  const { store, events } = await openFilled()
  const snapshot = await takeSnapshot(store)
  await store.write([
    { type: 'update', key: '/a', value: value('2'), expectedRevision: 2 },
    { type: 'delete', key: '/b', expectedRevision: 2 },
    { type: 'create', key: '/d', value: value('1') },
  ])
  events.length = 0
  expect(await restoreSnapshot(store, snapshot)).toBe(3)
  expect(events).toEqual(['update /a 1', 'delete /d 1', 'create /b 1'])
  const { entries } = await store.list({ prefix: '' })
  expect(entries.map(({ key, value }) => `${key} ${value}`)).toEqual(['/a 1', '/b 1', '/c 1'])
  expect(await restoreSnapshot(store, snapshot)).toBe(0)
})

test('What was written and is the same again is left alone', async () => {
  const { store, events } = await openFilled()
  const snapshot = await takeSnapshot(store)
  await store.write([{ type: 'update', key: '/a', value: value('1'), expectedRevision: 2 }])
  events.length = 0
  expect(await restoreSnapshot(store, snapshot)).toBe(0)
  expect(events).toEqual([])
})

test('Somebody who writes at the same time is undone too', async () => {
  const { store } = await openFilled()
  const snapshot = await takeSnapshot(store)
  await store.write([{ type: 'create', key: '/d', value: value('1') }])
  const restoring = restoreSnapshot(store, snapshot)
  await store.write([{ type: 'delete', key: '/d', expectedRevision: 3 }])
  await store.write([{ type: 'create', key: '/e', value: value('1') }])
  await restoring
  const { entries } = await store.list({ prefix: '' })
  expect(entries.map(({ key }) => key)).toEqual(['/a', '/b', '/c'])
})
