// The Store contract: reading, listing, paging, and reading the past.
import { expect, test } from 'vitest'
import { type Current, create, createAll, expectCode, keysOf, listKeys, remove, update } from './actions.ts'

export function defineReads(current: Current) {
  test('An empty store has a revision and nothing else', async () => {
    const store = current()
    const revision = await store.revision()
    expect(revision).toBeGreaterThanOrEqual(1)
    expect(await store.get('/a')).toBeUndefined()
    expect(await store.list({ prefix: '' })).toEqual({ entries: [], revision, remaining: 0 })
    expect(await store.progress()).toBe(revision)
  })

  test('A created entry is read back with the revision of its write', async () => {
    const store = current()
    const before = await store.revision()
    const revision = await store.write([create('/a', 'one')])
    expect(revision).toBe(before + 1)
    expect(await store.revision()).toBe(revision)
    expect(await store.get('/a')).toEqual({
      key: '/a',
      value: Buffer.from('one'),
      revision,
      createRevision: revision,
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

export function defineLists(current: Current) {
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

export function definePaging(current: Current) {
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

export function defineHistory(current: Current) {
  test('Every revision can be read as it was', async () => {
    const store = current()
    const before = await store.revision()
    const created = await store.write([create('/a', 'one')])
    const updated = await store.write([update('/a', 'two', created)])
    const deleted = await store.write([remove('/a', updated)])
    const again = await store.write([create('/a', 'three')])
    const valueAt = async (revision: number) => (await store.get('/a', { revision }))?.value.toString()
    expect(await valueAt(before)).toBeUndefined()
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
