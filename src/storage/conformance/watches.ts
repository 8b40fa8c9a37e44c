// The Store contract: watching, from now and from the past.
import { expect, test } from 'vitest'
import { type Current, create, createAll, keysOf, record, remove, update } from './actions.ts'

export function defineWatches(current: Current) {
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

export function defineWatchHistory(current: Current) {
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

  test('A watch from before everything is given the whole history of its prefix', async () => {
    const store = current()
    const before = await store.revision()
    await createAll(store, ['/a', '/x', '/b'])
    const { events } = await record(store, { prefix: '/', afterRevision: before })
    const { events: some } = await record(store, { prefix: '/x', afterRevision: before })
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

export function defineWatchOrder(current: Current) {
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

  test('When a write resolves, watches have been given its events', async () => {
    const store = current()
    const { events } = await record(store, { prefix: '/' })
    for (const key of ['/a', '/b', '/c']) {
      await store.write([create(key)])
      expect(events.at(-1)?.key).toBe(key)
    }
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
