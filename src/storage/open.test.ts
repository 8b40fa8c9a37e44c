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
      `Cannot open the store ${location}: expected memory or lmdb:DIR or etcd:URL,...`,
    )
  }
})

test('An etcd is opened by the URLs of its members', async () => {
  await expect(openStore('etcd:2001:db8::1')).rejects.toThrow(
    'Cannot use the etcd endpoint "2001:db8::1": expected a URL such as http://[::1]:2379',
  )
  const etcd = { caFile: '/nowhere/ca.pem' }
  await expect(openStore('etcd:https://[::1]:2379', { etcd })).rejects.toThrow(
    'Cannot read the files for TLS: ENOENT',
  )
})
