import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from './open.ts'

test('memory and lmdb:DIR open a store', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'futago-open-'))
  for (const location of ['memory', `lmdb:${directory}/with.dot/and:colon`]) {
    const store = await openStore(location)
    expect(await store.write([{ type: 'create', key: '/a', value: Buffer.from('a') }])).toBe(2)
    await store.close()
  }
  rmSync(directory, { recursive: true })
})

test('Any other location is refused with the forms there are', async () => {
  for (const location of ['', 'lmdb', 'lmdb:', 'memory:x', 'sqlite:/x', 'constructor', '/var/lib/x']) {
    await expect(openStore(location)).rejects.toThrow(
      `Cannot open the store ${location}: expected memory or lmdb:DIR`,
    )
  }
})
