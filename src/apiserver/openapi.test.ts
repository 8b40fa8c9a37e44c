import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createOpenAPI } from './openapi.ts'
import { ServerRequest } from './request.ts'

const openapi = createOpenAPI()
const ask = (target: string, headers: Record<string, string> = {}) =>
  openapi(new ServerRequest({ method: 'GET', target, headers }))
const gzip = { 'accept-encoding': 'gzip' }
const read = (reply: ReturnType<typeof ask>) => JSON.parse((reply!.body as Buffer).toString()) as unknown

test('/openapi/v2 answers JSON, or the protobuf that kubectl asks for', () => {
  expect(read(ask('/openapi/v2'))).toMatchObject({ swagger: '2.0', info: { version: 'v1.36.0' } })
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  const protobuf = ask('/openapi/v2', { ...gzip, accept })
  expect(protobuf?.contentType).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
  expect(protobuf?.headers).toMatchObject({ 'content-encoding': 'gzip' })
  expect(gunzipSync(protobuf!.body as Buffer).subarray(0, 5)).toEqual(Buffer.from([10, 3, 0x32, 0x2e, 0x30]))
})

test('A client that has the document already is told so', () => {
  const etag = ask('/openapi/v2')!.headers!.etag!
  expect(ask('/openapi/v2', { 'if-none-match': etag })).toMatchObject({ status: 304, body: [] })
})

test('/openapi/v3 leads to a document for each group version', () => {
  const { paths } = read(ask('/openapi/v3')) as { paths: Record<string, { serverRelativeURL: string }> }
  const url = paths['apis/apps/v1']!.serverRelativeURL
  expect(url).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/)
  const reply = ask(url)
  expect(reply?.headers).toMatchObject({ 'cache-control': 'public, immutable' })
  expect(read(reply)).toMatchObject({ openapi: '3.0.0' })
  expect(ask('/openapi/v3/apis/apps/v1')?.headers).toMatchObject({ 'cache-control': 'no-cache, private' })
})

test('Other paths are not answered', () => {
  expect(ask('/openapi/v3/apis/nothing/v1')).toBeUndefined()
  expect(ask('/version')).toBeUndefined()
})
