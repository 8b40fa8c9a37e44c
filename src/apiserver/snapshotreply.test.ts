import { expect, test } from 'vitest'
import { parseSnapshot } from '../storage/snapshotfile.ts'
import { collect, openTestServer } from './apiserver.fake.ts'

test('Administrators read all of the store, others nothing', async () => {
  const { ask, reply, store, close } = await openTestServer({ rbac: true })
  await ask('POST /api/v1/namespaces', { metadata: { name: 'kept' } })
  const jane = { name: 'jane', groups: ['system:authenticated'] }
  expect((await ask('GET /futago/snapshot', undefined, { user: jane })).status).toBe(403)
  expect((await ask('POST /futago/snapshot')).status).toBe(404)
  const { revision } = await store.list({ prefix: '' })
  const client = collect(await reply('GET /futago/snapshot'))
  while (!client.state.ended) await new Promise(resolve => setImmediate(resolve))
  const snapshot = parseSnapshot(Buffer.from(client.text()))
  expect([snapshot.revision, snapshot.entries.has('/registry/namespaces/kept')]).toEqual([revision, true])
  await close()
})
