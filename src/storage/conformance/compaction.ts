// The Store contract: what compaction takes away and what it must not.
import { expect, test } from 'vitest'
import type { StoreErrorCode } from '../store.ts'
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

export function defineCompaction(current: Current) {
  test('After compaction older revisions are Compacted, others are whole', async () => {
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
}

export function defineWatchCompaction(current: Current) {
  test('A watch from before the compacted revision is Compacted, one from it goes on', async () => {
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
