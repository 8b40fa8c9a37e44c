// Connections that mean harm, against the API server on real sockets of both families: each is answered or
// ended, and the server is there for the next one.
import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHTTP2, constants } from 'node:http2'
import { connect as connectTCP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../component/clock.ts'
import { loopbackAddress } from '../ip/family.ts'
import { createAuthority, issueCertificate } from '../x509/certificates.ts'
import { admin, openTestServer } from './apiserver.fake.ts'
import type { ConnectionTimeouts } from './connectionguard.ts'

/** For machines that do much else. */
const patient = { timeout: 120_000 }

const validity = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
const authority = createAuthority('ca', validity)
const ipAddresses = Object.values(loopbackAddress)
const serving = issueCertificate(authority, {
  commonName: 'server',
  ipAddresses,
  usages: ['server'],
  ...validity,
})
const someone = { commonName: admin.name, organizations: [...admin.groups] }
const client = issueCertificate(authority, { ...someone, usages: ['client'], ...validity })
const credentials = { ca: authority.certificate, cert: client.certificate, key: client.key }

const maps = '/api/v1/namespaces/default/configmaps'
let server: Awaited<ReturnType<typeof openTestServer>>
let usual: number
let impatient: number
/** Of whom it waits for to begin. */
let hasty: number

async function listen(timeouts?: ConnectionTimeouts): Promise<number> {
  const { port } = await server.server.listen({
    bindAddress: ipAddresses,
    port: 0,
    certificate: serving.certificate,
    key: serving.key,
    clientCA: authority.certificate,
    ...(timeouts ? { timeouts } : {}),
  })
  return port
}

beforeAll(async () => {
  server = await openTestServer({ clock: systemClock })
  await server.ask('POST /api/v1/namespaces', { metadata: { name: 'default' } })
  // A list of 20 MB.
  const data = { a: 'x'.repeat(1024 * 1024) }
  for (let index = 0; index < 20; index++) {
    await server.ask(`POST ${maps}`, { metadata: { name: `large-${index}` }, data })
  }
  usual = await listen()
  const late = { handshakeMs: 60_000, headersMs: 400, bodyMs: 400, idleMs: 1500, pingMs: 60_000 }
  impatient = await listen(late)
  hasty = await listen({ ...late, handshakeMs: 400 })
})

afterAll(() => server.close())

/** The server still answers, over a new connection of each family. */
afterEach(async () => {
  for (const host of ipAddresses) {
    expect(
      (await send(usual, `GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, host)).status,
    ).toBe(200)
  }
})

async function open(port: number, host: string = loopbackAddress.IPv6): Promise<TLSSocket> {
  const socket = connect({ host, port, ...credentials })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** All that a connection answers until it ends. */
function received(socket: TLSSocket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  return new Promise(resolve => socket.once('close', () => resolve(Buffer.concat(chunks))))
}

/** Sends what it is told and reads until the server ends the connection. */
async function send(port: number, text: string, host?: string): Promise<{ status: number; text: string }> {
  const socket = await open(port, host)
  const answer = received(socket)
  socket.write(text)
  const all = (await answer).toString()
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(all)?.[1] ?? 0), text: all }
}

const head = (line: string, ...lines: string[]) =>
  `${line} HTTP/1.1\r\nHost: a\r\n${lines.join('\r\n')}\r\n\r\n`

test('Heads that are too large or no HTTP are refused on both families', patient, async () => {
  for (const host of ipAddresses) {
    expect((await send(usual, head('GET /version', `X: ${'a'.repeat(1_100_000)}`), host)).status).toBe(431)
    const flood = Array.from({ length: 200_000 }, (_, index) => `X-${index}: a`)
    expect((await send(usual, head('GET /version', ...flood), host)).status).toBe(431)
    expect((await send(usual, 'hello\r\n\r\n', host)).status).toBe(400)
    expect(
      (await send(usual, head('GET /a', 'Transfer-Encoding: chunked', 'Content-Length: 3'), host)).status,
    ).toBe(400)
  }
})

test('Who asks for a tunnel is told no, over either version of HTTP', patient, async () => {
  for (const target of ['example.com:443', '/api/v1/nodes/x', '/version']) {
    const tunnel = await send(usual, `CONNECT ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
    expect([target, tunnel.status]).toEqual([target, target.startsWith('/') ? 405 : 404])
  }
  const made = session(usual)
  const stream = made.request({ ':method': 'CONNECT', ':authority': 'example.com:443' })
  const [headers] = await once(stream, 'response')
  expect([headers[':status'] >= 400, headers[':status'] < 500]).toEqual([true, true])
  made.destroy()
})

test(
  'A body over the limit is refused as soon as that is known, announced or in chunks',
  patient,
  async () => {
    const post = (...lines: string[]) =>
      head(`POST ${maps}`, 'Content-Type: application/json', 'Connection: close', ...lines)
    const message = 'Request entity too large: limit is 3145728'
    const announced = await send(usual, post(`Content-Length: ${2 ** 40}`))
    expect([announced.status, announced.text.includes(message)]).toEqual([413, true])
    const chunk = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`
    const chunked = await send(usual, `${post('Transfer-Encoding: chunked') + chunk.repeat(4)}0\r\n\r\n`)
    expect([chunked.status, chunked.text.includes(message)]).toEqual([413, true])
    // What is compressed stays so: it is no JSON.
    const gzip = await send(usual, `${post('Content-Encoding: gzip', 'Content-Length: 4')}\x1f\x8b\x08\0`)
    expect(gzip.status).toBe(400)
  },
)

test('Who does not finish a handshake, a head or a body is hung up on', patient, async () => {
  const silent = connectTCP({ host: loopbackAddress.IPv6, port: hasty })
  silent.on('error', () => undefined)
  await once(silent, 'close')
  expect((await send(impatient, 'GET /version HTTP/1.1\r\nHost: a\r\n')).status).toBe(408)
  const body = head(`POST ${maps}`, 'Content-Type: application/json', 'Content-Length: 100')
  expect([408, 400]).toContain((await send(impatient, `${body}{`)).status)
})

function session(port: number): ClientHttp2Session {
  const made = connectHTTP2(`https://[${loopbackAddress.IPv6}]:${port}`, credentials)
  made.on('error', () => undefined)
  return made
}

test(
  'A body over HTTP/2 that does not end is given up, one that does is answered whole',
  patient,
  async () => {
    const made = session(impatient)
    const headers = { ':path': maps, ':method': 'POST', 'content-type': 'application/json' }
    const slow = made.request(headers, { endStream: false })
    slow.on('error', () => undefined)
    await once(slow, 'close')
    expect(slow.rstCode).toBe(constants.NGHTTP2_CANCEL)
    const other = session(usual)
    const whole = other.request({ ':path': maps })
    let length = 0
    whole.on('data', chunk => {
      length += chunk.length
    })
    await once(whole, 'close')
    expect([whole.rstCode, length > 20 * 1024 * 1024]).toEqual([constants.NGHTTP2_NO_ERROR, true])
    other.destroy()
  },
)

test('Thousands of streams that are reset at once leave the server well', patient, async () => {
  const made = session(usual)
  await once(made, 'connect')
  for (let index = 0; index < 5000 && !made.destroyed && !made.closed; index++) {
    const stream = made.request({ ':path': maps })
    stream.on('error', () => undefined)
    stream.close(constants.NGHTTP2_CANCEL)
    if (index % 100 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  made.destroy()
})

test('More streams than are allowed wait, and a method that is none is answered', patient, async () => {
  const made = session(usual)
  const answers = Array.from({ length: 600 }, () => {
    const stream = made.request({ ':path': '/version', ':method': 'CONSTRUCTOR' })
    return once(stream, 'response').then(([headers]) => {
      stream.resume()
      return headers[':status'] as number
    })
  })
  expect(new Set(await Promise.all(answers))).toEqual(new Set([405]))
  made.close()
})

test(
  'A thousand idle watches cost no more than their streams, and end with their connections',
  patient,
  async () => {
    const sessions = Array.from({ length: 5 }, () => session(usual))
    const watching = sessions.flatMap(made =>
      Array.from({ length: 200 }, async () => {
        const stream = made.request({ ':path': '/api/v1/nodes?watch=1' })
        stream.on('error', () => undefined)
        const [headers] = await once(stream, 'response')
        return headers[':status'] as number
      }),
    )
    expect(new Set(await Promise.all(watching))).toEqual(new Set([200]))
    const gone = sessions.map(made => once(made, 'close'))
    for (const made of sessions) made.destroy()
    await Promise.all(gone)
  },
)

test('An HTTP/2 connection without requests is ended', patient, async () => {
  await once(session(impatient), 'close')
})
