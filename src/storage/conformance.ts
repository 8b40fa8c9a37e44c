// The Store contract as tests. A driver passes them all: `storeConformance('mine', openAnEmptyStore)` in a vitest file.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Store,
  StoreError,
  type StoreErrorCode,
  type StoreEvent,
  type StoreWatchOptions,
  type WriteOperation,
} from './store.ts'

/** Registers the contract's tests. `open` gives an empty store, each time another one; the suite closes it. */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  describe(`${name} keeps the Store contract`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())
    for (const define of [
      defineReads,
      defineWrites,
      defineFailures,
      defineLists,
      definePaging,
      defineHistory,
      defineCompaction,
      defineWatches,
      defineWatchHistory,
      defineWatchOrder,
      defineConcurrency,
      defineClosing,
    ]) {
      define(() => store)
    }
  })
}

type Current = () => Store

const create = (key: string, value = key): WriteOperation => ({
  type: 'create',
  key,
  value: Buffer.from(value),
})
const update = (key: string, value: string, expectedRevision: number): WriteOperation => ({
  type: 'update',
  key,
  value: Buffer.from(value),
  expectedRevision,
})
const remove = (key: string, expectedRevision: number): WriteOperation => ({
  type: 'delete',
  key,
  expectedRevision,
})

async function createAll(store: Store, keys: readonly string[]): Promise<number[]> {
  const revisions: number[] = []
  for (const key of keys) revisions.push(await store.write([create(key)]))
  return revisions
}

const keysOf = (entries: readonly { readonly key: string }[]) => entries.map(({ key }) => key)

async function listKeys(store: Store, prefix: string, revision?: number): Promise<string[]> {
  return keysOf((await store.list({ prefix, revision })).entries)
}

/** The StoreError that an operation throws. */
async function failure(operation: Promise<unknown>): Promise<StoreError> {
  const error = await operation.then(
    () => undefined,
    reason => reason,
  )
  expect(error).toBeInstanceOf(StoreError)
  return error as StoreError
}

async function expectCode(operation: Promise<unknown>, code: StoreErrorCode): Promise<void> {
  expect((await failure(operation)).code).toBe(code)
}

/** `create /a@2 "value"`, and for what there was before, ` was @2 "value"`. */
function describeEvent({ type, key, value, revision, createRevision, previous }: StoreEvent): string {
  const before = previous ? ` was @${previous.revision} "${previous.value}"` : ''
  const from = createRevision === revision ? '' : ` from ${createRevision}`
  return `${type} ${key}@${revision}${from} "${value}"${before}`
}

/** A watch that writes down what it is given. */
async function record(store: Store, options: Pick<StoreWatchOptions, 'prefix' | 'afterRevision'>) {
  const events: StoreEvent[] = []
  const ends: StoreErrorCode[] = []
  const watch = await store.watch({
    ...options,
    onEvents: more => void events.push(...more),
    onEnd: error => void ends.push(error.code),
  })
  return { events, ends, watch, seen: () => events.map(describeEvent) }
}

function defineReads(current: Current) {
  test('An empty store is at revision 1 and has nothing', async () => {
    const store = current()
    expect(await store.revision()).toBe(1)
    expect(await store.get('/a')).toBeUndefined()
    expect(await store.list({ prefix: '' })).toEqual({ entries: [], revision: 1, remaining: 0 })
    expect(await store.progress()).toBe(1)
  })

  test('A created entry is read back with the revision of its write', async () => {
    const store = current()
    const revision = await store.write([create('/a', 'one')])
    expect(revision).toBe(2)
    expect(await store.revision()).toBe(2)
    expect(await store.get('/a')).toEqual({
      key: '/a',
      value: Buffer.from('one'),
      revision: 2,
      createRevision: 2,
    })
    expect(await store.get('/')).toBeUndefined()
    expect(await store.get('/a/')).toBeUndefined()
  })

  test('Values are bytes: every byte, none at all, and a megabyte come back as they were', async () => {
    const store = current()
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const large = Buffer.alloc(1_000_000, 'futago')
    await store.write([
      { type: 'create', key: '/every', value: everyByte },
      { type: 'create', key: '/none', value: Buffer.alloc(0) },
      { type: 'create', key: '/large', value: large },
    ])
    expect((await store.get('/every'))!.value.equals(everyByte)).toBe(true)
    expect((await store.get('/none'))!.value.length).toBe(0)
    expect((await store.get('/large'))!.value.equals(large)).toBe(true)
    const listed = await store.list({ prefix: '/' })
    expect(listed.entries.map(({ value }) => value.length)).toEqual([256, 1_000_000, 0])
  })

  test('A value that was read stays as it is when the key changes', async () => {
    const store = current()
    const revision = await store.write([create('/a', 'before')])
    const entry = (await store.get('/a'))!
    const [listed] = (await store.list({ prefix: '/a' })).entries
    await store.write([remove('/a', revision)])
    await createAll(store, ['/b', '/c', '/d'])
    expect(`${entry.value} ${listed!.value}`).toBe('before before')
  })
}

function defineWrites(current: Current) {
  test('An update keeps the create revision, a delete takes the key away, a new create starts afresh', async () => {
    const store = current()
    const created = await store.write([create('/a', 'one')])
    const updated = await store.write([update('/a', 'two', created)])
    expect(updated).toBeGreaterThan(created)
    expect(await store.get('/a')).toMatchObject({ revision: updated, createRevision: created })
    expect((await store.get('/a'))!.value.toString()).toBe('two')
    const deleted = await store.write([remove('/a', updated)])
    expect(deleted).toBeGreaterThan(updated)
    expect(await store.get('/a')).toBeUndefined()
    const again = await store.write([create('/a', 'three')])
    expect(await store.get('/a')).toMatchObject({ revision: again, createRevision: again })
  })

  test('Several operations happen under one revision', async () => {
    const store = current()
    const [first, second] = await createAll(store, ['/a', '/b'])
    const revision = await store.write([create('/c'), update('/a', 'new', first!), remove('/b', second!)])
    expect(await store.revision()).toBe(revision)
    const { entries } = await store.list({ prefix: '/' })
    expect(entries.map(entry => `${entry.key}@${entry.revision}`)).toEqual([
      `/a@${revision}`,
      `/c@${revision}`,
    ])
    expect(await listKeys(store, '/', revision - 1)).toEqual(['/a', '/b'])
  })

  test('Keys may hold any character', async () => {
    const store = current()
    const keys = ['/a b', '/a"b', '/a\0b', '/\u{1f600}', '/é', '/\uff5e']
    await createAll(store, keys)
    for (const key of keys) expect((await store.get(key))!.value.toString()).toBe(key)
    expect(await listKeys(store, '/')).toEqual(['/a\0b', '/a b', '/a"b', '/é', '/\uff5e', '/\u{1f600}'])
  })
}

function defineFailures(current: Current) {
  test('Creating what exists is KeyExists and names the operation, the key and its revision', async () => {
    const store = current()
    const [revision] = await createAll(store, ['/a'])
    const error = await failure(store.write([create('/new'), create('/a')]))
    expect(error.code).toBe('KeyExists')
    expect(error.details).toMatchObject({ operation: 1, key: '/a', revision })
    expect(error.message).toContain('/a')
  })

  test('Updating or deleting what is not there is NotFound', async () => {
    const store = current()
    const [revision] = await createAll(store, ['/a'])
    const updating = await failure(store.write([update('/b', 'x', revision!)]))
    expect([updating.code, updating.details.operation, updating.details.key]).toEqual(['NotFound', 0, '/b'])
    const deleted = await store.write([remove('/a', revision!)])
    await expectCode(store.write([remove('/a', revision!)]), 'NotFound')
    await expectCode(store.write([update('/a', 'x', deleted)]), 'NotFound')
  })

  test('A revision other than expected is Conflict and names the one found', async () => {
    const store = current()
    const [first] = await createAll(store, ['/a'])
    const second = await store.write([update('/a', 'two', first!)])
    const error = await failure(store.write([create('/new'), remove('/a', first!)]))
    expect(error.code).toBe('Conflict')
    expect(error.details).toMatchObject({ operation: 1, key: '/a', revision: second })
    await expectCode(store.write([update('/a', 'three', first!)]), 'Conflict')
    await expectCode(store.write([update('/a', 'three', second + 1)]), 'Conflict')
  })

  test('The first operation that fails is the one named', async () => {
    const store = current()
    await createAll(store, ['/a'])
    const error = await failure(store.write([create('/b'), remove('/c', 2), create('/a')]))
    expect([error.code, error.details.operation]).toEqual(['NotFound', 1])
  })

  test('A write that fails leaves nothing behind: no entry, no revision, no event', async () => {
    const store = current()
    const [revision] = await createAll(store, ['/a'])
    const { seen } = await record(store, { prefix: '/' })
    await expectCode(store.write([create('/b'), update('/a', 'x', revision!), create('/a')]), 'InvalidWrite')
    await expectCode(store.write([create('/b'), update('/a', 'x', revision! + 7)]), 'Conflict')
    expect(await store.revision()).toBe(revision)
    expect(await store.get('/b')).toBeUndefined()
    expect((await store.get('/a'))!.value.toString()).toBe('/a')
    await store.write([create('/b')])
    await store.progress()
    expect(seen()).toEqual([`create /b@${revision! + 1} "/b"`])
  })

  test('A write without operations, with an empty key or with one key twice is InvalidWrite', async () => {
    const store = current()
    await expectCode(store.write([]), 'InvalidWrite')
    await expectCode(store.write([create('')]), 'InvalidWrite')
    const error = await failure(store.write([create('/a'), create('/b'), create('/a')]))
    expect([error.code, error.details.operation, error.details.key]).toEqual(['InvalidWrite', 2, '/a'])
    expect(await store.revision()).toBe(1)
  })
}

function defineLists(current: Current) {
  test('A list holds the keys with the prefix, in order of their bytes', async () => {
    const store = current()
    await createAll(store, ['/b', '/a/2', '/a/10', '/a0', '/a', '/a/', '/a/1/x', '/a/\u{1f600}', '/a/\uff5e'])
    expect(await listKeys(store, '/a/')).toEqual([
      '/a/',
      '/a/1/x',
      '/a/10',
      '/a/2',
      '/a/\uff5e',
      '/a/\u{1f600}',
    ])
    expect(await listKeys(store, '/a')).toHaveLength(8)
    expect(await listKeys(store, '/a0')).toEqual(['/a0'])
    expect(await listKeys(store, '/c')).toEqual([])
    expect(await listKeys(store, '')).toHaveLength(9)
  })

  test('A prefix whose last byte is the greatest there is still ends where it should', async () => {
    const store = current()
    await createAll(store, ['/\u007f', '/\u007fa', '/\u{10ffff}', '/\u{10ffff}b', '0'])
    expect(await listKeys(store, '/\u007f')).toEqual(['/\u007f', '/\u007fa'])
    expect(await listKeys(store, '/\u{10ffff}')).toEqual(['/\u{10ffff}', '/\u{10ffff}b'])
  })

  test('A list carries the store’s newest revision, not that of its entries', async () => {
    const store = current()
    const [first, second] = await createAll(store, ['/a', '/b'])
    const list = await store.list({ prefix: '/a' })
    expect(list.revision).toBe(second)
    expect(list.entries[0]!.revision).toBe(first)
  })

  test('A hundred entries written in any order are listed in order', async () => {
    const store = current()
    const numbers = Array.from({ length: 100 }, (_, index) => 100 + ((index * 37) % 100))
    await store.write(numbers.map(number => create(`/n/${number}`)))
    expect(await listKeys(store, '/n/')).toEqual(
      Array.from({ length: 100 }, (_, index) => `/n/${100 + index}`),
    )
  })
}

function definePaging(current: Current) {
  test('limit cuts a list and says how many remain; after goes on from there', async () => {
    const store = current()
    await createAll(store, ['/p/1', '/p/2', '/p/3', '/p/4', '/p/5', '/q'])
    const first = await store.list({ prefix: '/p/', limit: 2 })
    expect([keysOf(first.entries), first.remaining]).toEqual([['/p/1', '/p/2'], 3])
    const second = await store.list({ prefix: '/p/', limit: 2, after: '/p/2' })
    expect([keysOf(second.entries), second.remaining]).toEqual([['/p/3', '/p/4'], 1])
    const third = await store.list({ prefix: '/p/', limit: 2, after: '/p/4' })
    expect([keysOf(third.entries), third.remaining]).toEqual([['/p/5'], 0])
    const exact = await store.list({ prefix: '/p/', limit: 5 })
    expect([exact.entries.length, exact.remaining]).toEqual([5, 0])
    expect(keysOf((await store.list({ prefix: '/p/', after: '/p/3' })).entries)).toEqual(['/p/4', '/p/5'])
  })

  test('limit 0 only counts', async () => {
    const store = current()
    await createAll(store, ['/p/1', '/p/2', '/q'])
    const list = await store.list({ prefix: '/p/', limit: 0 })
    expect([list.entries, list.remaining]).toEqual([[], 2])
  })

  test('after need not be a key that exists, nor have the prefix', async () => {
    const store = current()
    await createAll(store, ['/p/1', '/p/2', '/p/2/x', '/p/3'])
    const after = async (key: string) => keysOf((await store.list({ prefix: '/p/', after: key })).entries)
    expect(await after('/p/15')).toEqual(['/p/2', '/p/2/x', '/p/3'])
    expect(await after('/p/2')).toEqual(['/p/2/x', '/p/3'])
    expect(await after('/a')).toEqual(['/p/1', '/p/2', '/p/2/x', '/p/3'])
    expect(await after('/p/3')).toEqual([])
    expect(await after('/q')).toEqual([])
  })

  test('Pages at one revision show that revision while the store changes', async () => {
    const store = current()
    const revisions = await createAll(store, ['/p/1', '/p/2', '/p/3', '/p/4'])
    const first = await store.list({ prefix: '/p/', limit: 1 })
    await store.write([remove('/p/2', revisions[1]!), create('/p/25'), update('/p/3', 'new', revisions[2]!)])
    const second = await store.list({ prefix: '/p/', limit: 2, after: '/p/1', revision: first.revision })
    expect(second.entries.map(({ key, value }) => `${key}=${value}`)).toEqual(['/p/2=/p/2', '/p/3=/p/3'])
    expect([second.remaining, second.revision]).toEqual([1, first.revision])
    expect(await listKeys(store, '/p/')).toEqual(['/p/1', '/p/25', '/p/3', '/p/4'])
  })
}

function defineHistory(current: Current) {
  test('Every revision can be read as it was', async () => {
    const store = current()
    const created = await store.write([create('/a', 'one')])
    const updated = await store.write([update('/a', 'two', created)])
    const deleted = await store.write([remove('/a', updated)])
    const again = await store.write([create('/a', 'three')])
    const valueAt = async (revision: number) => (await store.get('/a', { revision }))?.value.toString()
    expect(await valueAt(1)).toBeUndefined()
    expect(await valueAt(created)).toBe('one')
    expect(await valueAt(updated)).toBe('two')
    expect(await valueAt(deleted)).toBeUndefined()
    expect(await valueAt(again)).toBe('three')
    expect(await store.get('/a', { revision: updated })).toMatchObject({
      revision: updated,
      createRevision: created,
    })
    expect(await listKeys(store, '/', created)).toEqual(['/a'])
    expect(await listKeys(store, '/', deleted)).toEqual([])
  })

  test('A revision that has not been reached is FutureRevision', async () => {
    const store = current()
    const [revision] = await createAll(store, ['/a'])
    await expectCode(store.get('/a', { revision: revision! + 1 }), 'FutureRevision')
    await expectCode(store.list({ prefix: '/', revision: revision! + 1 }), 'FutureRevision')
    await expectCode(store.compact(revision! + 1), 'FutureRevision')
  })
}

function defineCompaction(current: Current) {
  test('After compaction older revisions are Compacted, the compacted one and newer ones are whole', async () => {
    const store = current()
    const [first] = await createAll(store, ['/a', '/b'])
    const second = await store.write([update('/a', 'two', first!)])
    const third = await store.write([update('/a', 'three', second)])
    await store.compact(second)
    await expectCode(store.get('/a', { revision: second - 1 }), 'Compacted')
    await expectCode(store.list({ prefix: '/', revision: second - 1 }), 'Compacted')
    expect((await failure(store.get('/a', { revision: first }))).details.revision).toBe(second)
    expect((await store.get('/a', { revision: second }))!.value.toString()).toBe('two')
    expect(await listKeys(store, '/', second)).toEqual(['/a', '/b'])
    expect(await store.get('/a')).toMatchObject({ revision: third, createRevision: first })
  })

  test('Compaction at the newest revision loses no entry and resurrects none', async () => {
    const store = current()
    const [first, second] = await createAll(store, ['/a', '/b', '/c'])
    await store.write([update('/a', 'two', first!)])
    const newest = await store.write([remove('/b', second!)])
    await store.compact(newest)
    expect(await store.revision()).toBe(newest)
    expect(await listKeys(store, '/')).toEqual(['/a', '/c'])
    expect(await store.get('/b', { revision: newest })).toBeUndefined()
    expect(await store.get('/a')).toMatchObject({ createRevision: first })
    const again = await store.write([create('/b', 'again')])
    expect(again).toBe(newest + 1)
    expect(await store.get('/b')).toMatchObject({ revision: again, createRevision: again })
  })

  test('Compacting to where it has been compacted, or before, changes nothing', async () => {
    const store = current()
    const revisions = await createAll(store, ['/a', '/b', '/c'])
    await store.compact(revisions[1]!)
    await store.compact(revisions[1]!)
    await store.compact(revisions[0]!)
    expect(await listKeys(store, '/', revisions[1]!)).toEqual(['/a', '/b'])
    await expectCode(store.get('/a', { revision: revisions[0]! }), 'Compacted')
  })

  test('A watch from before the compacted past is Compacted, one from the compacted revision goes on', async () => {
    const store = current()
    const revisions = await createAll(store, ['/a', '/b', '/c', '/d', '/e'])
    await store.compact(revisions[3]!)
    const ends: StoreErrorCode[] = []
    const refused = store.watch({
      prefix: '/',
      afterRevision: revisions[0]!,
      onEvents: () => undefined,
      onEnd: error => void ends.push(error.code),
    })
    await expectCode(refused, 'Compacted')
    expect(ends).toEqual([])
    const { seen } = await record(store, { prefix: '/', afterRevision: revisions[3]! })
    await store.progress()
    expect(seen()).toEqual([`create /e@${revisions[4]} "/e"`])
  })

  test('A watch that has been given everything survives compaction', async () => {
    const store = current()
    const { seen, ends } = await record(store, { prefix: '/' })
    const [first] = await createAll(store, ['/a'])
    await store.progress()
    await store.compact(first!)
    const second = await store.write([update('/a', 'two', first!)])
    await store.progress()
    expect(seen()).toEqual([
      `create /a@${first} "/a"`,
      `update /a@${second} from ${first} "two" was @${first} "/a"`,
    ])
    expect(ends).toEqual([])
  })
}

function defineWatches(current: Current) {
  test('A watch is given each change with the values before and after', async () => {
    const store = current()
    const { seen, events } = await record(store, { prefix: '/' })
    const created = await store.write([create('/a', 'one')])
    const updated = await store.write([update('/a', 'two', created)])
    const deleted = await store.write([remove('/a', updated)])
    const again = await store.write([create('/a', 'three')])
    await store.progress()
    expect(seen()).toEqual([
      `create /a@${created} "one"`,
      `update /a@${updated} from ${created} "two" was @${created} "one"`,
      `delete /a@${deleted} from ${created} "two" was @${updated} "two"`,
      `create /a@${again} "three"`,
    ])
    expect(events[2]!.previous!.createRevision).toBe(created)
    expect('previous' in events[0]!).toBe(false)
  })

  test('A watch sees only keys with its prefix', async () => {
    const store = current()
    const { events } = await record(store, { prefix: '/a/' })
    await createAll(store, ['/a', '/a/1', '/ab', '/b', '/a/2/x'])
    await store.write([create('/b/1'), create('/a/3'), create('/c')])
    await store.progress()
    expect(keysOf(events)).toEqual(['/a/1', '/a/2/x', '/a/3'])
  })

  test('After close a watch is given nothing more and does not end', async () => {
    const store = current()
    const { events, ends, watch } = await record(store, { prefix: '/' })
    await createAll(store, ['/a'])
    await store.progress()
    watch.close()
    watch.close()
    await createAll(store, ['/b'])
    await store.progress()
    expect([keysOf(events), ends]).toEqual([['/a'], []])
  })

  test('Watches are independent: one closing or coming late does not touch another', async () => {
    const store = current()
    const first = await record(store, { prefix: '/' })
    await createAll(store, ['/a'])
    const second = await record(store, { prefix: '/' })
    await createAll(store, ['/b'])
    await store.progress()
    first.watch.close()
    await createAll(store, ['/c'])
    await store.progress()
    expect([keysOf(first.events), keysOf(second.events)]).toEqual([
      ['/a', '/b'],
      ['/b', '/c'],
    ])
  })
}

function defineWatchHistory(current: Current) {
  test('A watch from a revision is given everything after it, then goes on', async () => {
    const store = current()
    const [first, second] = await createAll(store, ['/a', '/b'])
    const third = await store.write([update('/a', 'two', first!)])
    const fourth = await store.write([remove('/b', second!)])
    const { seen } = await record(store, { prefix: '/', afterRevision: second! })
    const fifth = await store.write([create('/b', 'again')])
    await store.progress()
    expect(seen()).toEqual([
      `update /a@${third} from ${first} "two" was @${first} "/a"`,
      `delete /b@${fourth} from ${second} "/b" was @${second} "/b"`,
      `create /b@${fifth} "again"`,
    ])
  })

  test('A watch from revision 1 is given the whole history of its prefix', async () => {
    const store = current()
    await createAll(store, ['/a', '/x', '/b'])
    const { events } = await record(store, { prefix: '/', afterRevision: 1 })
    const { events: some } = await record(store, { prefix: '/x', afterRevision: 1 })
    await store.progress()
    expect([keysOf(events), keysOf(some)]).toEqual([['/a', '/x', '/b'], ['/x']])
  })

  test('A watch from the newest revision is given only what follows', async () => {
    const store = current()
    const [, second] = await createAll(store, ['/a', '/b'])
    const { events } = await record(store, { prefix: '/', afterRevision: second! })
    await createAll(store, ['/c'])
    await store.progress()
    expect(keysOf(events)).toEqual(['/c'])
  })

  test('A watch from a revision to come is silent until it has passed', async () => {
    const store = current()
    const [first] = await createAll(store, ['/a'])
    const { events, ends } = await record(store, { prefix: '/', afterRevision: first! + 2 })
    await createAll(store, ['/b', '/c', '/d'])
    await store.progress()
    expect([keysOf(events), ends]).toEqual([['/d'], []])
  })

  test('A watch begun while writes go on misses nothing and is given nothing twice', async () => {
    const store = current()
    const [first] = await createAll(store, ['/w/000'])
    const keys = Array.from({ length: 60 }, (_, index) => `/w/${String(index + 1).padStart(3, '0')}`)
    const writes: Promise<number>[] = []
    const watches: ReturnType<typeof record>[] = []
    for (const [index, key] of keys.entries()) {
      writes.push(store.write([create(key)]))
      if (index % 15 === 7) watches.push(record(store, { prefix: '/w/', afterRevision: first! }))
      if (index % 10 === 9) await writes.at(-1)
    }
    await Promise.all(writes)
    const recorded = await Promise.all(watches)
    await store.progress()
    for (const { events } of recorded) {
      expect(keysOf(events).sort()).toEqual(keys)
      const revisions = events.map(({ revision }) => revision)
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
    }
  })
}

function defineWatchOrder(current: Current) {
  test('The events of one write come together, in the order of its operations’ revision', async () => {
    const store = current()
    const [first] = await createAll(store, ['/a'])
    const batches: string[][] = []
    await store.watch({
      prefix: '/',
      onEvents: events => void batches.push(keysOf(events).sort()),
      onEnd: () => undefined,
    })
    await store.write([create('/c'), update('/a', 'two', first!), create('/b')])
    await store.progress()
    expect(batches).toEqual([['/a', '/b', '/c']])
  })

  test('After progress() every watch has been given everything up to the revision it names', async () => {
    const store = current()
    const watches = await Promise.all(['/', '/a', '/b'].map(prefix => record(store, { prefix })))
    const revisions = await createAll(store, ['/a', '/b', '/a2'])
    expect(await store.progress()).toBeGreaterThanOrEqual(revisions.at(-1)!)
    expect(watches.map(({ events }) => keysOf(events))).toEqual([['/a', '/b', '/a2'], ['/a', '/a2'], ['/b']])
  })

  test('A watch may write: every watch still sees the changes in order', async () => {
    const store = current()
    const written: Promise<number>[] = []
    await store.watch({
      prefix: '/cause/',
      onEvents: events => {
        for (const { key } of events) written.push(store.write([create(key.replace('cause', 'effect'))]))
      },
      onEnd: () => undefined,
    })
    const { events } = await record(store, { prefix: '/' })
    await createAll(store, ['/cause/1'])
    await store.progress()
    await Promise.all(written)
    await store.progress()
    expect(keysOf(events)).toEqual(['/cause/1', '/effect/1'])
  })
}

function defineConcurrency(current: Current) {
  test('Of many creations of one key at once exactly one succeeds', async () => {
    const store = current()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => store.write([create('/a', String(index))])),
    )
    const won = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
    expect(won).toHaveLength(1)
    const lost = outcomes.filter(outcome => outcome.status === 'rejected')
    expect(new Set(lost.map(({ reason }) => (reason as StoreError).code))).toEqual(new Set(['KeyExists']))
    expect((await store.get('/a'))!.value.toString()).toBe(String(won[0]))
  })

  test('Writes issued at once get a revision each, and each is read back at its own', async () => {
    const store = current()
    const keys = Array.from({ length: 50 }, (_, index) => `/k/${index}`)
    const revisions = await Promise.all(keys.map(key => store.write([create(key)])))
    expect(new Set(revisions).size).toBe(50)
    expect(await store.revision()).toBe(Math.max(...revisions))
    for (const [index, key] of keys.entries()) {
      expect((await store.get(key))!.revision).toBe(revisions[index])
      expect(await store.get(key, { revision: revisions[index]! - 1 })).toBeUndefined()
    }
  })

  test('Increments that retry on Conflict lose none', async () => {
    const store = current()
    await store.write([create('/counter', '0')])
    const increment = async (): Promise<void> => {
      const entry = (await store.get('/counter'))!
      const next = String(Number(entry.value.toString()) + 1)
      try {
        await store.write([update('/counter', next, entry.revision)])
      } catch (error) {
        expect((error as StoreError).code).toBe('Conflict')
        await increment()
      }
    }
    await Promise.all(Array.from({ length: 10 }, increment))
    expect((await store.get('/counter'))!.value.toString()).toBe('10')
  })

  test('A write is visible to reads and watches as soon as it has resolved', async () => {
    const store = current()
    for (const key of ['/1', '/2', '/3', '/4', '/5']) {
      const revision = await store.write([create(key)])
      expect((await store.get(key))!.revision).toBe(revision)
      expect(await store.revision()).toBe(revision)
    }
  })
}

function defineClosing(current: Current) {
  test('close() ends every watch with Closed, and what is asked afterwards fails with Closed', async () => {
    const store = current()
    const { ends } = await record(store, { prefix: '/' })
    const closed = await record(store, { prefix: '/' })
    closed.watch.close()
    await createAll(store, ['/a'])
    await store.close()
    expect([ends, closed.ends]).toEqual([['Closed'], []])
    await expectCode(store.get('/a'), 'Closed')
    await expectCode(store.list({ prefix: '/' }), 'Closed')
    await expectCode(store.write([create('/b')]), 'Closed')
    await expectCode(store.watch({ prefix: '', onEvents: () => undefined, onEnd: () => undefined }), 'Closed')
    await expectCode(store.revision(), 'Closed')
    await expectCode(store.progress(), 'Closed')
    await expectCode(store.compact(1), 'Closed')
    await store.close()
  })

  test('A write under way when the store is closed either happened or failed with Closed', async () => {
    const store = current()
    const writes = [create('/a'), create('/b')].map(operation => store.write([operation]))
    const outcomes = Promise.allSettled(writes)
    await store.close()
    for (const outcome of await outcomes) {
      if (outcome.status === 'rejected') expect((outcome.reason as StoreError).code).toBe('Closed')
      else expect(outcome.value).toBeGreaterThan(1)
    }
  })
}
