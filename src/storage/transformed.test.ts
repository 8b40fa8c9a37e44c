import { expect, test } from 'vitest'
import { storeConformance } from './conformance.ts'
import { openMemoryStore } from './memory.ts'
import { StoreError, type StoreEvent } from './store.ts'
import { transformedStore, type ValueTransformer } from './transformed.ts'

/** Turns values around, behind a letter: `B` is how it is done now, `A` how it was. */
const backwards: ValueTransformer = {
  toStorage: value => Buffer.from(`B${[...value.toString('latin1')].reverse().join('')}`, 'latin1'),
  fromStorage(stored) {
    const text = stored.toString('latin1')
    if (text[0] !== 'A' && text[0] !== 'B') throw new Error('no letter')
    return { value: Buffer.from([...text.slice(1)].reverse().join(''), 'latin1'), stale: text[0] === 'A' }
  },
}
const lookup = (key: string) => (key.startsWith('/plain/') ? undefined : backwards)

storeConformance('A store of transformed values', async () => transformedStore(openMemoryStore(), lookup))

const create = (key: string, value: string) => ({ type: 'create' as const, key, value: Buffer.from(value) })

test('Values are kept in the other form, but for keys that are not meant', async () => {
  const kept = openMemoryStore()
  const store = transformedStore(kept, lookup)
  await store.write([create('/a', 'abc'), create('/plain/a', 'abc')])
  expect(String((await kept.get('/a'))?.value)).toBe('Bcba')
  expect(String((await kept.get('/plain/a'))?.value)).toBe('abc')
  expect(await store.get('/a')).toEqual({
    key: '/a',
    value: Buffer.from('abc'),
    revision: 2,
    createRevision: 2,
  })
})

test('What is kept in an older form says so until it is written again', async () => {
  const kept = openMemoryStore()
  const store = transformedStore(kept, lookup)
  const events: StoreEvent[] = []
  const onEnd = () => undefined
  await store.watch({ prefix: '/', withPrevious: true, onEvents: batch => void events.push(...batch), onEnd })
  const revision = await kept.write([create('/a', 'Acba')])
  const { entries } = await store.list({ prefix: '/' })
  expect(entries.map(({ value, stale }) => [String(value), stale])).toEqual([['abc', true]])
  await store.write([{ type: 'update', key: '/a', value: Buffer.from('abc'), expectedRevision: revision }])
  expect(await store.get('/a')).not.toHaveProperty('stale')
  expect(events).toMatchObject([
    { type: 'create', value: Buffer.from('abc'), stale: true },
    { type: 'update', value: Buffer.from('abc'), previous: { value: Buffer.from('abc'), stale: true } },
  ])
  expect(events[1]).not.toHaveProperty('stale')
})

test('What cannot be read is named, and ends watches', async () => {
  const kept = openMemoryStore()
  const store = transformedStore(kept, lookup)
  const seen: string[] = []
  const options = {
    prefix: '/',
    onEvents: (events: readonly StoreEvent[]) => void seen.push(...events.map(({ key }) => key)),
    onEnd: (error: StoreError) => void seen.push(`${error.code} ${error.message}`),
  }
  await store.watch(options)
  await store.write([create('/a', 'abc')])
  await kept.write([create('/b', 'xyz')])
  await store.write([create('/c', 'abc')])
  const message = 'unable to transform key "/b": no letter'
  expect(seen).toEqual(['/a', `Unreadable ${message}`])
  await expect(store.get('/b')).rejects.toEqual(new StoreError('Unreadable', message, { key: '/b' }))
  await expect(store.list({ prefix: '/' })).rejects.toThrow(message)
  expect(String((await store.get('/c'))?.value)).toBe('abc')
  await store.watch({ ...options, afterRevision: 1 })
  expect(seen.slice(2)).toEqual([`Unreadable ${message}`])
})
