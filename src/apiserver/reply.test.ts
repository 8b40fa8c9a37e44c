import { expect, test } from 'vitest'
import { notFound, StatusError } from '../api/status.ts'
import { bytesReply, errorReply, formatWarning, headersOf, textReply, valueReply } from './reply.ts'
import { ServerRequest } from './request.ts'

const get = (target: string, headers: Record<string, string> = {}) =>
  new ServerRequest({ method: 'GET', target, headers })
const text = (body: unknown) => (Array.isArray(body) ? Buffer.concat(body) : (body as Buffer)).toString()

test('A value is written as JSON, indented JSON or YAML', async () => {
  const value = { kind: 'X', metadata: { name: 'a' } }
  expect(text((await valueReply(200, value, { format: 'json', pretty: false })).body)).toBe(
    '{"kind":"X","metadata":{"name":"a"}}\n',
  )
  expect(text((await valueReply(200, value, { format: 'json', pretty: true })).body)).toBe(
    '{\n  "kind": "X",\n  "metadata": {\n    "name": "a"\n  }\n}',
  )
  const yaml = await valueReply(200, value, { format: 'yaml', pretty: false })
  expect(yaml.contentType).toBe('application/yaml')
  expect(text(yaml.body)).toBe('kind: X\nmetadata:\n  name: a\n')
  const quoted = await valueReply(200, { b: '6', a: 1 }, { format: 'yaml', pretty: false })
  expect(text(quoted.body)).toBe('a: 1\nb: "6"\n')
})

test('Encoded JSON is passed on as it is', async () => {
  const bytes = Buffer.from('{"a":1}')
  expect((await bytesReply(200, [bytes], { format: 'json', pretty: false })).body).toBe(bytes)
})

test('An error is a Status in the format the client wants, with Retry-After where it has one', async () => {
  const reply = await errorReply(get('/x'), notFound({ group: '', resource: 'pods' }, 'p'))
  expect(reply.status).toBe(404)
  expect(JSON.parse(text(reply.body))).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'pods "p" not found',
    reason: 'NotFound',
    details: { name: 'p', kind: 'pods' },
    code: 404,
  })
  const busy = new StatusError({
    code: 429,
    reason: 'TooManyRequests',
    message: 'm',
    details: { retryAfterSeconds: 10 },
  })
  expect((await errorReply(get('/x'), busy)).headers).toEqual({ 'retry-after': '10' })
})

test('An error reaches a client that accepts nothing this server writes', async () => {
  const request = get('/x', { accept: 'text/html' })
  expect((await errorReply(request, notFound({ group: '', resource: 'pods' }, 'p'))).contentType).toBe(
    'application/json',
  )
})

test('Every reply carries the request id, forbids caching and lists each warning once', () => {
  const request = get('/x', { 'audit-id': 'id' })
  request.warnings.push('unknown field "a"', 'unknown field "a"', 'two\nlines')
  expect(headersOf(request, textReply(200, 'ok'))).toEqual([
    'audit-id',
    'id',
    'cache-control',
    'no-cache, private',
    'content-type',
    'text/plain; charset=utf-8',
    'x-content-type-options',
    'nosniff',
    'warning',
    '299 - "unknown field \\"a\\""',
    'warning',
    '299 - "twolines"',
  ])
})

test('A warning is quoted as HTTP quotes', () => {
  expect(formatWarning('a "b" \\ c')).toBe('299 - "a \\"b\\" \\\\ c"')
})
