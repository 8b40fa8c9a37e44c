import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer } from './apiserver.fake.ts'

let server: Awaited<ReturnType<typeof openTestServer>>

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server.close())

test('A path that is unknown altogether lists those there are, an unknown group is plain text', async () => {
  const unknown = await server.ask('GET /nope')
  expect([unknown.status, (unknown.body.paths as string[]).includes('/api/v1')]).toEqual([404, true])
  const withSlashes = await server.ask('GET //api/v1/pods')
  expect([withSlashes.status, withSlashes.text]).toEqual([404, unknown.text])
  for (const path of ['/apis/nope', '/apis/nope/v1', '/apis/nope/v1/things', '/apis/nope/v1/things/x']) {
    const { status, contentType, text } = await server.ask(`GET ${path}`)
    expect([path, status, contentType, text]).toEqual([
      path,
      404,
      'text/plain; charset=utf-8',
      '404 page not found\n',
    ])
  }
})

test('Discovery is plain or aggregated, and an aggregated one that is known is not sent again', async () => {
  expect((await server.ask('GET /api/v1')).body.kind).toBe('APIResourceList')
  expect((await server.ask('GET /apis')).body.kind).toBe('APIGroupList')
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
  const whole = await server.ask('GET /apis', undefined, { headers: { accept } })
  expect([whole.body.kind, whole.contentType]).toEqual([
    'APIGroupDiscoveryList',
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  ])
  const headers = { accept, 'if-none-match': whole.headers.etag! }
  expect((await server.ask('GET /apis', undefined, { headers })).status).toBe(304)
})
