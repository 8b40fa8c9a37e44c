import { expect, test } from 'vitest'
import { configMaps } from '../api/resources/core/configmap.ts'
import { openTestServer } from '../apiserver/apiserver.fake.ts'
import { Client } from './client.ts'
import { fencedTransport } from './fencedtransport.ts'

test('Who may not write any more still reads and watches', async () => {
  const { server } = await openTestServer()
  const inner = server.transport({ name: 'admin', groups: ['system:masters'] })
  let mayWrite = true
  const client = new Client(fencedTransport(inner, () => mayWrite))
  const a = { metadata: { namespace: 'default', name: 'a' } }
  await client.create(configMaps, a)
  mayWrite = false
  const refusal = {
    code: 503,
    message: 'this process cannot write: its lease has run out, and another may lead',
  }
  await expect(client.delete(configMaps, a.metadata)).rejects.toMatchObject(refusal)
  await expect(client.patch(configMaps, a.metadata, { data: {} })).rejects.toMatchObject(refusal)
  expect((await client.get(configMaps, a.metadata)).metadata.name).toBe('a')
  const handlers = { onEvents: () => undefined, onEnd: () => undefined }
  const watch = await client.watch(configMaps, { namespace: 'default' }, handlers)
  watch.close()
})
