import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLMDBStore } from './lmdb.ts'

const directory = mkdtempSync(join(tmpdir(), 'futago-lmdbfile-'))
const path = join(directory, 'data.mdb')
let whole: Buffer
beforeAll(async () => {
  const store = await openLMDBStore(directory)
  for (let number = 0; number < 4; number++) {
    await store.write([{ type: 'create', key: `/${number}`, value: Buffer.alloc(4_000_000) }])
  }
  await store.close()
  whole = readFileSync(path)
})
afterAll(() => rmSync(directory, { recursive: true }))

const refused = async (why: string) =>
  expect(openLMDBStore(directory)).rejects.toMatchObject({
    code: 'Corrupt',
    message: `Cannot open the store in ${directory}: data.mdb is damaged: ${why}`,
  })

test('A file that has been cut off is refused with the length it should have', async () => {
  const { size } = statSync(path)
  truncateSync(path, 1_000_000)
  await refused(`it has 1000000 bytes, expected ${size}`)
  truncateSync(path, 100)
  await refused('its header is cut off')
})

test('A file that is not LMDB’s is refused', async () => {
  writeFileSync(path, Buffer.alloc(20_000, 'garbage'))
  await refused('its header is not that of an LMDB file')
  writeFileSync(path, Buffer.alloc(20_000))
  await refused('its header is not that of an LMDB file')
})

test('The whole file and an empty one are opened', async () => {
  writeFileSync(path, whole)
  const store = await openLMDBStore(directory)
  expect((await store.list({ prefix: '' })).entries).toHaveLength(4)
  await store.close()
  writeFileSync(path, '')
  const empty = await openLMDBStore(directory)
  expect(await empty.revision()).toBe(1)
  await empty.close()
})
