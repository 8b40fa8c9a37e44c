import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { isConflict, isExpired, StatusError } from '../api/status.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { httpsTransport } from './transport.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function serve(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    answer(request, response, body)
  })
  await new Promise<void>(resolve => server?.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  const config = { server: `http://${joinHostPort('localhost', port)}`, namespace: 'default', token: 't' }
  return httpsTransport(config)
}
const json = { 'content-type': 'application/json' }

test('Requests carry query, body and credentials; answers their warnings', async () => {
  const transport = await serve((request, response, body) => {
    const { method, url, headers } = request
    response.writeHead(201, { ...json, warning: '299 - "do \\"not\\"", 299 - "again"' })
    const echo = {
      method,
      url,
      body: JSON.parse(body),
      type: headers['content-type'],
      by: headers.authorization,
    }
    response.end(JSON.stringify(echo))
  })
  const answer = await transport.request<object>({
    method: 'PATCH',
    path: '/api/v1/pods',
    query: { a: 'b c', list: ['1', '2'], none: undefined },
    contentType: 'application/merge-patch+json',
    body: { x: 1 },
  })
  expect(answer).toEqual({
    status: 201,
    warnings: ['do "not"', 'again'],
    body: {
      method: 'PATCH',
      url: '/api/v1/pods?a=b+c&list=1&list=2',
      body: { x: 1 },
      type: 'application/merge-patch+json',
      by: 'Bearer t',
    },
  })
  transport.close()
})

test('A Status becomes the StatusError it was, anything else one with the text', async () => {
  const transport = await serve((request, response) => {
    if (request.url === '/text') {
      response.writeHead(502).end('bad gateway\n')
      return
    }
    const status = { kind: 'Status', status: 'Failure', code: 409, reason: 'Conflict', message: 'no' }
    response.writeHead(409, json).end(JSON.stringify(status))
  })
  const conflict = await transport.request({ method: 'GET', path: '/x' }).catch(error => error)
  expect([isConflict(conflict), conflict.message]).toEqual([true, 'no'])
  const plain = await transport.request({ method: 'GET', path: '/text' }).catch(error => error)
  expect(plain).toBeInstanceOf(StatusError)
  expect([plain.code, plain.message]).toEqual([502, 'bad gateway'])
  transport.close()
})

test('A watch delivers events however they are cut, and ends with the error the server gives', async () => {
  const transport = await serve((request, response) => {
    expect(request.url).toBe('/pods?watch=true')
    response.writeHead(200, json)
    const line = JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'é' } } })
    const bytes = Buffer.from(`${line}\n${line}\n`)
    const middle = bytes.indexOf(Buffer.from('é')) + 1
    response.write(bytes.subarray(0, middle))
    setImmediate(() => {
      response.write(bytes.subarray(middle))
      const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }
      response.write(`${JSON.stringify({ type: 'ERROR', object: expired })}\n`)
    })
  })
  const names: (string | undefined)[] = []
  const error = await new Promise(resolve => {
    const onEvents = (events: readonly { object: { metadata: { name?: string } } }[]) =>
      void names.push(...events.map(({ object }) => object.metadata.name))
    void transport.watch({ method: 'GET', path: '/pods' }, { onEvents, onEnd: resolve })
  })
  expect(names).toEqual(['é', 'é'])
  expect(isExpired(error)).toBe(true)
  transport.close()
})

test('A watch that is closed calls nobody any more, one that the server ends says so', async () => {
  const transport = await serve((request, response) => {
    response.writeHead(200, json)
    response.flushHeaders()
    if (request.url?.startsWith('/short')) response.end()
  })
  const ended = await new Promise(resolve => {
    const handlers = { onEvents: () => undefined, onEnd: (error?: unknown) => resolve(error ?? 'no error') }
    void transport.watch({ method: 'GET', path: '/short' }, handlers)
  })
  expect(ended).toBe('no error')
  let calls = 0
  const handle = await transport.watch(
    { method: 'GET', path: '/long' },
    { onEvents: () => void calls++, onEnd: () => void calls++ },
  )
  handle.close()
  await new Promise(resolve => setImmediate(resolve))
  expect(calls).toBe(0)
  transport.close()
})
