// Bodies through pods/proxy as they come, over real connections of both HTTP versions.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect as connectHTTP2 } from 'node:http2'
import { request as requestHTTPS, createServer as secureServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex, Readable, Writable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../component/clock.ts'
import { fakeKubelet } from '../../streaming/kubelet.fake.ts'
import { createAuthority, issueCertificate } from '../../x509/certificates.ts'
import { admin, openTestServer } from '../apiserver.fake.ts'

const patient = { timeout: 30_000 }
const host = 'localhost'
const validity = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
const authority = createAuthority('ca', validity)
const serving = issueCertificate(authority, {
  commonName: host,
  dnsNames: [host],
  usages: ['server'],
  ...validity,
})
const someone = { commonName: admin.name, organizations: [...admin.groups] }
const client = issueCertificate(authority, { ...someone, usages: ['client'], ...validity })
const credentials = { ca: authority.certificate, cert: client.certificate, key: client.key }
const pod = '/api/v1/namespaces/default/pods/p/proxy'

const hash = async (stream: Readable) => {
  const sum = createHash('sha256')
  for await (const chunk of stream) sum.update(chunk)
  return sum.digest('hex')
}

/** Resolves with what the client does next, for a server that waits for it. */
let onClientRead: () => void = () => undefined
const clientHasRead = () =>
  new Promise<void>(resolve => {
    onClientRead = resolve
  })
let onGone: () => void = () => undefined

const page = (prefix: string) => `<a href="${prefix}/next">next</a>`

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown

async function inTwoParts(response: ServerResponse, [first, second]: readonly [string, string]) {
  const read = clientHasRead()
  response.write(first)
  await read
  response.end(second)
}

const answers: Record<string, Answer> = {
  '/hash': async (request, response) =>
    response.end(`${request.method} ${request.headers['content-length'] ?? '-'} ${await hash(request)}`),
  '/large': (_, response) => response.setHeader('content-length', large.length).end(large),
  '/events': (_, response) =>
    inTwoParts(response.setHeader('content-type', 'text/event-stream'), ['data: 1\n\n', 'data: 2\n\n']),
  '/page': ({ method }, response) =>
    method === 'HEAD'
      ? response.end()
      : inTwoParts(response.setHeader('content-type', 'text/html; charset=utf-8'), [page(''), '<p>end</p>']),
  '/zipped': ({ headers }, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html', 'content-encoding': String(headers['accept-encoding']) })
      .end(gzipSync(page(''))),
  '/cookies': (_, response) => response.setHeader('set-cookie', ['a=1; Path=/', 'b=2']).end(),
  '/early': (_, response) => response.writeHead(413).end('too much'),
  '/broken': async (_, response) => {
    const read = clientHasRead()
    response.setHeader('content-length', 100).write('begun')
    await read
    response.destroy()
  },
  '/endless': (_, response) => {
    response.write('begun')
    response.once('close', () => onGone())
  },
  '/headers': ({ headers }, response) => response.end(JSON.stringify(headers)),
}

const large = randomBytes(8 * 1024 * 1024)
const largeHash = createHash('sha256').update(large).digest('hex')

const answer: Answer = (request, response) => answers[request.url!]!(request, response)
const plain = createServer(answer)
const secure = secureServer({ cert: serving.certificate, key: serving.key }, answer)
for (const server of [plain, secure] as Server[]) {
  server.on('upgrade', (_, socket: Duplex) =>
    socket.end('HTTP/1.1 403 No\r\nContent-Length: 6\r\n\r\nnot so'),
  )
}

let api: Awaited<ReturnType<typeof openTestServer>>
let port: number
let session: ClientHttp2Session
const portOf = (server: Server) => (server.address() as AddressInfo).port

beforeAll(async () => {
  for (const server of [plain, secure]) await new Promise<void>(done => server.listen(0, host, done))
  const dial = (port: number) => connect({ host, port: portOf(port === 8443 ? secure : plain) })
  const kubelet = { ...fakeKubelet(), portForward: async (_: unknown, port: number) => dial(port) }
  api = await openTestServer({ clock: systemClock, kubelet: async () => kubelet })
  const core = '/api/v1/namespaces/default'
  await api.ask(`POST ${core}/serviceaccounts`, { metadata: { name: 'default' } })
  const containers = [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }]
  await api.ask(`POST ${core}/pods`, { metadata: { name: 'p' }, spec: { nodeName: 'n', containers } })
  const status = { podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }] }
  await api.ask(`PATCH ${core}/pods/p/status`, { status }, { contentType: 'application/merge-patch+json' })
  const { certificate, key } = serving
  const clientCA = authority.certificate
  ;({ port } = await api.server.listen({ bindAddress: host, port: 0, certificate, key, clientCA }))
  session = connectHTTP2(`https://${host}:${port}`, credentials)
})

afterAll(async () => {
  session.destroy()
  await api.close()
  for (const server of [plain, secure]) server.close()
})

interface Exchange {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Readable
}

type Ask = (line: string, headers?: Record<string, string>) => { sent: Writable; answer: Promise<Exchange> }

const overHTTP1: Ask = (line, headers = {}) => {
  const [method = '', path = ''] = line.split(' ')
  const sent = requestHTTPS({ host, port, method, path: path.replace('~', pod), headers, ...credentials })
  const answered = async (): Promise<Exchange> => {
    const [message] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: message.statusCode ?? 0, headers: message.headers, body: message }
  }
  return { sent, answer: answered() }
}

const overHTTP2: Ask = (line, headers = {}) => {
  const [method = '', path = ''] = line.split(' ')
  delete headers['transfer-encoding']
  const endStream = method === 'GET' || method === 'HEAD'
  const stream = session.request(
    { ':method': method, ':path': path.replace('~', pod), ...headers },
    { endStream },
  )
  const answered = async (): Promise<Exchange> => {
    const [head] = await once(stream, 'response')
    return { status: head[':status'], headers: head, body: stream }
  }
  return { sent: stream, answer: answered() }
}

const versions: readonly (readonly [string, Ask])[] = [
  ['HTTP/1.1', overHTTP1],
  ['HTTP/2', overHTTP2],
]

async function get(ask: Ask, path: string, headers?: Record<string, string>): Promise<Exchange> {
  const { sent, answer } = ask(`GET ${path}`, headers)
  sent.end()
  return answer
}

test.each(versions)(
  '%s: a body of eight megabytes goes either way, byte for byte',
  patient,
  async (_, ask) => {
    for (const [line, headers, length] of [
      ['POST ~/hash', { 'content-length': String(large.length) }, large.length],
      ['DELETE ~/hash', { 'transfer-encoding': 'chunked' }, '-'],
    ] as const) {
      const { sent, answer } = ask(line, headers)
      sent.end(large)
      const { body } = await answer
      expect(await text(body)).toBe(`${line.split(' ')[0]} ${length} ${largeHash}`)
    }
    const download = await get(ask, '~/large')
    expect(download.headers['content-length']).toBe(String(large.length))
    expect(await hash(download.body)).toBe(largeHash)
  },
)

test.each(versions)('%s: events and pages are seen as they come', patient, async (_, ask) => {
  for (const [path, first, second] of [
    ['~/events', 'data: 1\n\n', 'data: 2\n\n'],
    ['~/page', page(pod), '<p>end</p>'],
  ] as const) {
    const { body } = await get(ask, path)
    const chunks = body[Symbol.asyncIterator]()
    let seen = ''
    while (seen !== first) seen += (await chunks.next()).value
    onClientRead()
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) seen += next.value
    expect(seen).toBe(first + second)
  }
})

test.each(versions)('%s: links in a compressed page lead through the proxy', patient, async (_, ask) => {
  const { headers, body } = await get(ask, '~/zipped', { 'accept-encoding': 'gzip' })
  expect(headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(await buffer(body)).toString()).toBe(page(pod))
})

test.each(versions)('%s: HEAD tells the length, and cookies stay apart', patient, async (_, ask) => {
  const { sent, answer } = ask('HEAD ~/large')
  sent.end()
  const { headers, body } = await answer
  expect([headers['content-length'], await text(body)]).toEqual([String(large.length), ''])
  const unknown = ask('HEAD ~/page')
  unknown.sent.end()
  const { headers: withoutLength, body: nothing } = await unknown.answer
  expect([withoutLength['content-length'], await text(nothing)]).toEqual([undefined, ''])
  const cookies = await get(ask, '~/cookies')
  expect(cookies.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2'])
  cookies.body.resume()
})

test.each(versions)('%s: an answer that comes before the body has gone is seen', patient, async (_, ask) => {
  const { sent, answer } = ask('POST ~/early')
  sent.on('error', () => undefined)
  sent.write(large)
  const { status, body } = await answer
  expect([status, await text(body)]).toEqual([413, 'too much'])
  sent.end()
})

test.each(versions)('%s: an answer that breaks off does not look whole', patient, async (_, ask) => {
  const { body } = await get(ask, '~/broken')
  const seen: string[] = []
  const whole = pipeline(body, async source => {
    for await (const chunk of source) {
      seen.push(String(chunk))
      onClientRead()
    }
  })
  await expect(whole).rejects.toThrow()
  expect(seen).toEqual(['begun'])
})

test.each(versions)(
  '%s: a client that goes takes the connection to the server along',
  patient,
  async (_, ask) => {
    const gone = new Promise<void>(resolve => {
      onGone = resolve
    })
    const { body } = await get(ask, '~/endless')
    await once(body, 'readable')
    body.on('error', () => undefined).destroy()
    await gone
  },
)

test.each(versions)('%s: a client that goes in the middle of its body does, too', patient, async (_, ask) => {
  const gone = new Promise<void>(resolve => {
    answers['/upload'] = request => request.once('data', () => onClientRead()).once('close', resolve)
  })
  const read = clientHasRead()
  const { sent, answer } = ask('POST ~/upload')
  answer.catch(() => undefined)
  sent.on('error', () => undefined)
  sent.write('begun')
  await read
  sent.destroy()
  await gone
})

test('A server that speaks TLS is reached, and told who asks what', patient, async () => {
  const path = pod.replace('/p/', '/https:p:8443/')
  const { body } = await get(overHTTP1, `${path}/headers`, {
    'x-forwarded-for': '192.0.2.1',
    connection: 'x-own',
  })
  expect(JSON.parse(await text(body))).toMatchObject({
    host: `${host}:${port}`,
    'x-forwarded-for': expect.stringMatching(/^192\.0\.2\.1, (127\.|::)/),
    'x-forwarded-uri': `${path}/headers`,
  })
  const wrong = await get(overHTTP1, `${pod.replace('/p/', '/https:p:8080/')}/headers`)
  expect([wrong.status, await text(wrong.body)]).toEqual([
    503,
    expect.stringContaining('error trying to reach service: '),
  ])
})

test('An upgrade that the server refuses is answered with what it says', patient, async () => {
  const { answer, sent } = overHTTP1('GET ~/ws', { connection: 'Upgrade', upgrade: 'websocket' })
  sent.end()
  const { status, body } = await answer
  expect([status, await text(body)]).toEqual([403, 'not so'])
})
