import { type ClientHttp2Session, connect } from 'node:http2'
import { type RequestOptions, request } from 'node:https'
import { connect as connectTLS } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { createAuthority, issueCertificate, type KeyedCertificate } from '../x509/certificates.ts'
import { recover } from './filters/recover.ts'
import { type Listening, listen } from './http.ts'
import { textReply } from './reply.ts'
import { chain, type ReplyStream } from './request.ts'

const loopback = 'localhost'
const pem: Record<string, string> = {}
let listening: Listening
let lastStream: ReplyStream | undefined

function makeCertificates() {
  const now = Date.now()
  const validity = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 }
  const authority = createAuthority('ca', validity)
  const stranger = createAuthority('mallory', validity)
  const keep = (name: string, { certificate, key }: KeyedCertificate) => {
    pem[`${name}.crt`] = certificate
    pem[`${name}.key`] = key
  }
  const names = { commonName: 'localhost', dnsNames: ['localhost'] }
  const jane = { commonName: 'jane', organizations: ['dev', 'ops'] }
  keep('ca', authority)
  keep('server', issueCertificate(authority, { ...names, usages: ['server'], ...validity }))
  const renewed = { ...names, organizations: ['renewed'] }
  keep('renewed', issueCertificate(authority, { ...renewed, usages: ['server'], ...validity }))
  keep('jane', issueCertificate(authority, { ...jane, usages: ['client'], ...validity }))
  const nameless = { commonName: '', organizations: ['system:masters'] }
  keep('nameless', issueCertificate(authority, { ...nameless, usages: ['client'], ...validity }))
  keep('other', stranger)
}

const handler = chain([recover(silentLogger)], async made => {
  if (made.path === '/watch') {
    return {
      status: 200,
      contentType: 'application/json',
      body: stream => {
        lastStream = stream
        stream.write([Buffer.from('one\n'), Buffer.from('two\n')])
      },
    }
  }
  if (made.path === '/large') return textReply(200, 'x'.repeat(200_000))
  if (made.path === '/headers') return textReply(200, JSON.stringify(made.headers['impersonate-group'] ?? ''))
  const body = await made.readBody()
  const who = made.certificateUser ? `${made.certificateUser.name} ${made.certificateUser.groups}` : 'nobody'
  return textReply(
    200,
    `${made.method} ${made.path} ${body.length} ${who} ${made.certificateProblem ?? ''}`.trim(),
  )
})

beforeAll(async () => {
  makeCertificates()
  listening = await listen(
    { handler, clock: systemClock, log: silentLogger },
    {
      bindAddress: loopback,
      port: 0,
      certificate: pem['server.crt']!,
      key: pem['server.key']!,
      clientCA: pem['ca.crt']!,
    },
  )
})

afterAll(() => listening.close())

interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: Buffer
}

function ask(path: string, options: RequestOptions & { body?: Buffer } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: loopback, port: listening.port, path, ca: pem['ca.crt'], agent: false, ...options },
      message => {
        const chunks: Buffer[] = []
        message.on('data', chunk => chunks.push(chunk))
        message.on('end', () =>
          resolve({ status: message.statusCode!, headers: message.headers, body: Buffer.concat(chunks) }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(options.body)
  })
}

test('A request over HTTP/1.1 is answered with its length and the identity of its certificate', async () => {
  const answer = await ask('/a?b=c', { method: 'POST', body: Buffer.alloc(10_000) })
  expect([answer.status, answer.headers['content-length'], String(answer.body)]).toEqual([
    200,
    '20',
    'POST /a 10000 nobody',
  ])
  const jane = await ask('/a', { cert: pem['jane.crt'], key: pem['jane.key'] })
  expect(String(jane.body)).toBe('GET /a 0 jane dev,ops')
})

test('A certificate without a name says nothing of who asks, whatever its groups', async () => {
  const answer = await ask('/a', { cert: pem['nameless.crt'], key: pem['nameless.key'] })
  expect(String(answer.body)).toBe('GET /a 0 nobody')
})

test('A certificate for servers is none of a client', async () => {
  const answer = await ask('/a', { cert: pem['server.crt'], key: pem['server.key'] })
  expect(String(answer.body)).toMatch(/^GET \/a 0 nobody .*PURPOSE/)
})

test('A certificate from elsewhere is reported as a problem, not as a user', async () => {
  const answer = await ask('/a', { cert: pem['other.crt'], key: pem['other.key'] })
  expect(String(answer.body)).toMatch(/^GET \/a 0 nobody .*(SELF_SIGNED|UNABLE_TO)/)
})

test('Names of impersonated groups are UTF-8, and may have commas', async () => {
  const groups = ['CN=ops, OU=all', 'dev', 'jürgen 双子']
  const sent = groups.map(group => Buffer.from(group).toString('latin1'))
  const headers = { 'impersonate-user': 'jane', 'impersonate-group': sent }
  expect(JSON.parse(String((await ask('/headers', { headers })).body))).toEqual(groups)
  const session = connect(`https://${loopback}:${listening.port}`, { ca: pem['ca.crt']! })
  expect(JSON.parse(await overHTTP2(session, '/headers', headers))).toEqual(groups)
  session.close()
})

test('Another serving certificate is for new connections, and open ones stay', async () => {
  const identity = { cert: pem['jane.crt'], key: pem['jane.key'] }
  const session = connect(`https://${loopback}:${listening.port}`, { ca: pem['ca.crt']!, ...identity })
  expect(await overHTTP2(session, '/a')).toBe('GET /a 0 jane dev,ops')
  listening.useCertificate({ certificate: pem['renewed.crt']!, key: pem['renewed.key']! })
  expect(await overHTTP2(session, '/b')).toBe('GET /b 0 jane dev,ops')
  expect(String((await ask('/c', identity)).body)).toBe('GET /c 0 jane dev,ops')
  const served = await new Promise(resolve => {
    const socket = connectTLS({ host: loopback, port: listening.port, ca: pem['ca.crt'] }, () => {
      resolve(socket.getPeerCertificate().subject.O)
      socket.destroy()
    })
  })
  expect(served).toBe('renewed')
  session.close()
})

test('A body above 3 MiB is refused with 413', async () => {
  const answer = await ask('/a', { method: 'POST', body: Buffer.alloc(3 * 1024 * 1024 + 1) })
  expect(answer.status).toBe(413)
  expect(JSON.parse(String(answer.body)).message).toBe('Request entity too large: limit is 3145728')
})

test('A large answer is compressed for who accepts it', async () => {
  const plain = await ask('/large')
  expect([plain.headers['content-encoding'], plain.body.length]).toEqual([undefined, 200_000])
  const small = await ask('/large', { headers: { 'accept-encoding': 'br, gzip' } })
  expect(small.headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(small.body).length).toBe(200_000)
})

test('A path may be as long as a command that is executed, over HTTP/1.1 and HTTP/2', async () => {
  const path = `/exec?command=echo&command=${'a'.repeat(50_000)}`
  expect((await ask(path)).status).toBe(200)
  const session = connect(`https://${loopback}:${listening.port}`, { ca: pem['ca.crt'] })
  expect(await overHTTP2(session, path)).toBe('GET /exec 0 nobody')
  session.close()
})

test('A path with a broken escape is answered 400', async () => {
  expect((await ask('/api/v1/nodes/%zz')).status).toBe(400)
})

function overHTTP2(session: ClientHttp2Session, path: string, headers = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ...headers })
    let text = ''
    stream.setEncoding('utf8')
    stream.on('data', chunk => (text += chunk))
    stream.on('end', () => resolve(text))
    stream.on('error', reject)
  })
}

test('HTTP/2 is spoken on the same port, with certificates', async () => {
  const options = { ca: pem['ca.crt'], cert: pem['jane.crt'], key: pem['jane.key'] }
  const session = connect(`https://${loopback}:${listening.port}`, options)
  expect(await overHTTP2(session, '/b')).toBe('GET /b 0 jane dev,ops')
  expect((await overHTTP2(session, '/large')).length).toBe(200_000)
  const watching = overHTTP2(session, '/watch')
  while (!lastStream) await new Promise(resolve => setImmediate(resolve))
  lastStream.write([Buffer.from('three\n')])
  lastStream.end()
  expect(await watching).toBe('one\ntwo\nthree\n')
  session.close()
})

test('A stream over HTTP/1.1 delivers what is written, and close() ends it', async () => {
  lastStream = undefined
  const watching = ask('/watch')
  while (!lastStream) await new Promise(resolve => setImmediate(resolve))
  ;(lastStream as ReplyStream).write([Buffer.from('three\n')])
  const other = await listen(
    { handler, clock: systemClock, log: silentLogger },
    { bindAddress: loopback, port: 0, certificate: pem['server.crt']!, key: pem['server.key']! },
  )
  await other.close()
  await listening.close()
  expect(String((await watching).body)).toBe('one\ntwo\nthree\n')
})
