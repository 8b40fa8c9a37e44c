import { once } from 'node:events'
import { connect as connectHTTP2 } from 'node:http2'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { createAuthority, issueCertificate } from '../x509/certificates.ts'
import { type Listening, listen } from './http.ts'
import { textReply } from './reply.ts'
import type { Reply, ServerRequest } from './request.ts'

/** For machines that do much else. */
const patient = { timeout: 120_000 }

const host = 'localhost'
const validity = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
const authority = createAuthority('ca', validity)
const names = { commonName: host, dnsNames: [host] }
const { certificate, key } = issueCertificate(authority, { ...names, usages: ['server'], ...validity })
const timeouts = { handshakeMs: 60_000, headersMs: 60_000, bodyMs: 60_000, idleMs: 1000, pingMs: 60_000 }

let listening: Listening
const gone: Promise<unknown>[] = []
const large = Array.from({ length: 64 }, () => Buffer.alloc(1024 * 1024))

async function handler(request: ServerRequest): Promise<Reply> {
  const signal = request.signal!
  gone.push(new Promise(resolve => signal.addEventListener('abort', resolve, { once: true })))
  if (request.path === '/large') return { status: 200, contentType: 'text/plain', body: large }
  if (request.path !== '/watch') return textReply(200, 'short')
  const body: Reply['body'] = stream => {
    stream.write([Buffer.from('one\n')])
    systemClock.after(3 * timeouts.idleMs, () => {
      stream.write([Buffer.from('two\n')])
      stream.end()
    })
  }
  return { status: 200, contentType: 'text/plain', body }
}

beforeAll(async () => {
  const parts = { handler, clock: systemClock, log: silentLogger }
  listening = await listen(parts, { bindAddress: host, port: 0, certificate, key, timeouts })
})

afterAll(() => listening.close())

async function ask(path: string) {
  const socket = connect({ host, port: listening.port, ca: authority.certificate })
  await once(socket, 'secureConnect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
  return socket
}

test('A reader that stops reading is cut off, one that waits for a quiet watch is not', patient, async () => {
  const stopped = await ask('/large')
  await once(stopped, 'readable')
  await gone.at(-1)
  stopped.destroy()
  const watching = await ask('/watch')
  let text = ''
  watching.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  await once(watching, 'close')
  expect(text).toContain('two\n')
})

test('A connection without a request ends, over either version', patient, async () => {
  const first = await ask('/short')
  first.resume()
  const second = connectHTTP2(`https://${host}:${listening.port}`, { ca: authority.certificate })
  await Promise.all([once(first, 'close'), once(second, 'close')])
})

test('A quiet watch over HTTP/2 is asked whether it is still there, and stays', patient, async () => {
  const session = connectHTTP2(`https://${host}:${listening.port}`, { ca: authority.certificate })
  const stream = session.request({ ':path': '/watch' })
  let text = ''
  stream.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  await once(stream, 'end')
  expect(text).toBe('one\ntwo\n')
  session.destroy()
})

const frame = (type: number, flags: number, stream: number, payload: string) => {
  const body = Buffer.from(payload, 'hex')
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head.set([type, flags, 0, 0, 0, stream], 3)
  return Buffer.concat([head, body])
}
const frames = { headers: 1, reset: 3, settings: 4, ping: 6 }
const acknowledged = 1

// kubectl takes a stream that is reset for one that failed, if it has not read the answer yet.
test(
  'A stream of HTTP/2 whose request is complete ends with its answer, and is not reset',
  patient,
  async () => {
    const socket = connect({
      host,
      port: listening.port,
      ca: authority.certificate,
      ALPNProtocols: ['h2'],
    })
    await once(socket, 'secureConnect')
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    // GET / of https://a, which ends the stream and its headers.
    socket.write(
      Buffer.concat([frame(frames.settings, 0, 0, ''), frame(frames.headers, 5, 1, '828784410161')]),
    )
    const seen: number[] = []
    let rest = Buffer.alloc(0)
    for await (const chunk of socket) {
      rest = Buffer.concat([rest, chunk as Buffer])
      while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
        const [type = 0, flags = 0] = rest.subarray(3, 5)
        seen.push(type)
        // Whatever the server has to say about the stream comes before its answer to this.
        if (type === 0 && flags & 1) socket.write(frame(frames.ping, 0, 0, '0000000000000000'))
        if (type === frames.ping && flags & acknowledged) socket.destroy()
        rest = rest.subarray(9 + rest.readUIntBE(0, 3))
      }
      if (socket.destroyed) break
    }
    expect(seen).toContain(frames.ping)
    expect(seen).not.toContain(frames.reset)
  },
)
