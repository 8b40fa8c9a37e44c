// The Store contract: writing, expectations that fail, writes at the same time, and closing.
import { expect, test } from 'vitest'
import type { StoreError } from '../store.ts'
import {
  type Current,
  create,
  createAll,
  expectCode,
  failure,
  listKeys,
  record,
  remove,
  update,
} from './actions.ts'

export function defineWrites(current: Current) {
  test('An update keeps the create revision, a create after a delete starts afresh', async () => {
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

export function defineFailures(current: Current) {
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
    const revision = await store.revision()
    await expectCode(store.write([]), 'InvalidWrite')
    await expectCode(store.write([create('')]), 'InvalidWrite')
    const error = await failure(store.write([create('/a'), create('/b'), create('/a')]))
    expect([error.code, error.details.operation, error.details.key]).toEqual(['InvalidWrite', 2, '/a'])
    expect(await store.revision()).toBe(revision)
  })
}

export function defineConcurrency(current: Current) {
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

export function defineClosing(current: Current) {
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
