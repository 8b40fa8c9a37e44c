import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConfigMap } from '../api/generated/types.ts'
import type { KubeList } from '../api/object.ts'
import type { Transport, TransportWatchEvent } from '../api/transport.ts'
import { admin, openTestServer } from './apiserver.fake.ts'

let server: Awaited<ReturnType<typeof openTestServer>>
let transport: Transport
const path = '/api/v1/namespaces/default/configmaps'

beforeAll(async () => {
  server = await openTestServer()
  transport = server.server.transport(admin)
})
afterAll(() => server.close())

const create = (name: string) =>
  transport.request<ConfigMap>({ method: 'POST', path, body: { metadata: { name }, data: { a: '1' } } })

test('What is sent is copied, what comes back is the stored object', async () => {
  const body = { metadata: { name: 'copied' }, data: { a: '1' }, extra: 1 }
  const created = await transport.request<ConfigMap>({ method: 'POST', path, body })
  expect([created.status, created.body.data, created.warnings]).toEqual([
    201,
    { a: '1' },
    ['unknown field "extra"'],
  ])
  expect(body).toEqual({ metadata: { name: 'copied' }, data: { a: '1' }, extra: 1 })
  const read = await transport.request<ConfigMap>({ method: 'GET', path: `${path}/copied` })
  expect(read.body.metadata.uid).toBe(created.body.metadata.uid)
})

test('A list holds whole objects', async () => {
  await create('listed')
  const query = { fieldSelector: 'metadata.name=listed' }
  const { body } = await transport.request<KubeList<ConfigMap>>({ method: 'GET', path, query })
  expect([body.kind, body.items.map(item => [item.kind, item.metadata.name])]).toEqual([
    'ConfigMapList',
    [['ConfigMap', 'listed']],
  ])
})

test('An error is the StatusError itself', async () => {
  await expect(transport.request({ method: 'GET', path: `${path}/none` })).rejects.toMatchObject({
    code: 404,
    reason: 'NotFound',
    message: 'configmaps "none" not found',
  })
})

test('A watch delivers objects until it is closed', async () => {
  const seen: string[] = []
  const onEvents = (events: readonly TransportWatchEvent<ConfigMap>[]) => {
    for (const { type, object } of events) seen.push(`${type} ${object.metadata.name}`)
  }
  const query = { fieldSelector: 'metadata.name=watched' }
  const watch = await transport.watch<ConfigMap>(
    { method: 'GET', path, query },
    { onEvents, onEnd: () => seen.push('end') },
  )
  await create('watched')
  await transport.request({ method: 'DELETE', path: `${path}/watched` })
  await new Promise(resolve => setImmediate(resolve))
  expect(seen).toEqual(['ADDED watched', 'DELETED watched'])
  watch.close()
  await create('watched')
  await new Promise(resolve => setImmediate(resolve))
  expect(seen.length).toBe(2)
})

test('Paths that are no resources are answered too', async () => {
  const { body } = await transport.request<{ gitVersion: string }>({ method: 'GET', path: '/version' })
  expect(body.gitVersion).toBe('v1.36.0')
  await expect(transport.request({ method: 'GET', path: '/apis/none' })).rejects.toMatchObject({ code: 404 })
})

test('What the user may not do is refused', async () => {
  const strict = await openTestServer({
    authorizer: (user, info) => (info.verb === 'get' ? undefined : `${user.name} reads only`),
  })
  const reader = strict.server.transport({ name: 'reader', groups: [] })
  await expect(reader.request({ method: 'DELETE', path: `${path}/x` })).rejects.toThrow('reader reads only')
  await strict.close()
})

test('However many requests there are, others get their turn', async () => {
  let answered = 0
  const flood = Array.from({ length: 2000 }, (_, index) => create(`flood-${index}`).then(() => answered++))
  let turns = 0
  const count = () => {
    turns++
    if (answered < 2000) setImmediate(count)
  }
  setImmediate(count)
  await Promise.all(flood)
  expect(turns).toBeGreaterThan(10)
})
