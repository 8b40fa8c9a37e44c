import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLMDBStore } from './lmdb.ts'
import { restoreLMDB } from './lmdbrestore.ts'
import { openMemoryStore } from './memory.ts'
import { takeSnapshot } from './snapshot.ts'

const value = (text: string) => Buffer.from(text)
const freshDirectory = () => join(mkdtempSync(join(tmpdir(), 'futago-restore-')), 'store')

test('A restored store has the entries under their revisions, and goes on far above them', async () => {
  const store = openMemoryStore()
  await store.write([
    { type: 'create', key: '/a', value: value('1') },
    { type: 'create', key: '/b', value: value('2') },
  ])
  await store.write([{ type: 'update', key: '/a', value: value('3'), expectedRevision: 2 }])
  const directory = freshDirectory()
  await restoreLMDB(directory, await takeSnapshot(store))
  const restored = await openLMDBStore(directory)
  expect(await restored.list({ prefix: '' })).toEqual({
    entries: [
      { key: '/a', value: value('3'), revision: 3, createRevision: 2 },
      { key: '/b', value: value('2'), revision: 2, createRevision: 2 },
    ],
    revision: 1_000_000_003,
    remaining: 0,
  })
  const watch = { prefix: '', afterRevision: 500, onEvents: () => undefined, onEnd: () => undefined }
  await expect(restored.watch(watch)).rejects.toMatchObject({ code: 'Compacted' })
  const next = await restored.write([{ type: 'update', key: '/b', value: value('4'), expectedRevision: 2 }])
  expect(next).toBe(1_000_000_004)
  await restored.close()
  const again = await openLMDBStore(directory)
  expect([await again.revision(), String((await again.get('/b'))?.value)]).toEqual([1_000_000_004, '4'])
  await again.close()
})

test('Nobody else can read its files, and a store that holds something is not written over', async () => {
  const store = openMemoryStore()
  await store.write([{ type: 'create', key: '/a', value: value('1') }])
  const directory = freshDirectory()
  const snapshot = await takeSnapshot(store)
  await restoreLMDB(directory, snapshot)
  expect((statSync(join(directory, 'data.mdb')).mode & 0o777).toString(8)).toBe('600')
  await expect(restoreLMDB(directory, snapshot)).rejects.toThrow('it holds a store already')
})
