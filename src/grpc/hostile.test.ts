// Servers that do not keep to the protocol: each call ends, with words that say what was wrong.
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import {
  type AddressInfo,
  connect,
  createServer as createTCPServer,
  type Server,
  type Socket,
} from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../component/clock.ts'
import { loopbackAddress } from '../ip/family.ts'
import { GRPCChannel } from './channel.ts'
import { frameOf } from './frames.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function channelTo(server: Server | Http2Server) {
  await new Promise<void>(resolve => server.listen(0, loopbackAddress.IPv6, resolve))
  const { port } = server.address() as AddressInfo
  const options = { connectTimeoutMs: 60_000, maxMessageBytes: 1000 }
  const channel = new GRPCChannel(() => connect(port, loopbackAddress.IPv6), systemClock, options)
  closing.push(
    () => channel.close(),
    () => server.close(),
  )
  return channel
}

const called = (channel: GRPCChannel) =>
  channel.call({ path: '/a.B/C', message: Buffer.from('x') }, 60_000).then(
    answer => `answered ${answer}`,
    error => error.message as string,
  )

function overHTTP2(answer: (stream: ServerHttp2Stream) => void) {
  const server = createServer()
  server.on('stream', stream => {
    stream.on('error', () => undefined)
    answer(stream)
  })
  server.on('session', session => closing.push(() => session.destroy()))
  return channelTo(server)
}

const grpc = { ':status': 200, 'content-type': 'application/grpc' }

function answerWith(stream: ServerHttp2Stream, body: Buffer, trailers: Record<string, string>) {
  stream.respond(grpc, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end(body)
}

const fine = { 'grpc-status': '0' }

test.each<[string, (stream: ServerHttp2Stream) => void, string]>([
  [
    'no message before a good end',
    stream => answerWith(stream, Buffer.alloc(0), fine),
    'rpc error: code = Internal desc = the server ended the call without an answer',
  ],
  [
    'half a message before a good end',
    stream => answerWith(stream, frameOf(Buffer.from('abc')).subarray(0, 7), fine),
    'rpc error: code = Internal desc = the answer is cut off',
  ],
  [
    'a message with the tail of another',
    stream => answerWith(stream, Buffer.concat([frameOf(Buffer.from('abc')), Buffer.from([0])]), fine),
    'rpc error: code = Internal desc = the answer is cut off',
  ],
  [
    'a message without an end',
    stream => {
      stream.respond(grpc)
      stream.end(frameOf(Buffer.from('abc')))
    },
    'rpc error: code = Unavailable desc = the connection was closed',
  ],
  [
    'a message that claims to be larger than is allowed',
    stream => answerWith(stream, Buffer.from([0, 255, 255, 255, 255]), fine),
    'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (4294967295 vs. 1000)',
  ],
  [
    'a compressed message',
    stream => answerWith(stream, Buffer.from([1, 0, 0, 0, 0]), fine),
    'rpc error: code = Unimplemented desc = compressed messages are not understood',
  ],
  [
    'a status that is no number',
    stream => answerWith(stream, Buffer.alloc(0), { 'grpc-status': 'bad', 'grpc-message': '%zz%E2%82' }),
    'rpc error: code = Unknown desc = %zz\uFFFD',
  ],
  [
    'a page',
    stream => {
      stream.respond({ ':status': 200, 'content-type': 'text/html' })
      stream.end('<html>')
    },
    'rpc error: code = Unavailable desc = the server answers text/html, expected application/grpc',
  ],
  [
    'an HTTP error',
    stream => {
      stream.respond({ ':status': 502, 'content-type': 'text/html' })
      stream.end('<html>')
    },
    'rpc error: code = Unavailable desc = unexpected HTTP status 502',
  ],
  [
    'a reset',
    stream => stream.close(2),
    'rpc error: code = Unavailable desc = Stream closed with error code NGHTTP2_INTERNAL_ERROR',
  ],
])('%s', async (_, answer, message) => {
  expect(await called(await overHTTP2(answer))).toBe(message)
})

function overTCP(serve: (socket: Socket) => void) {
  const server = createTCPServer(socket => {
    socket.on('error', () => undefined)
    closing.push(() => socket.destroy())
    serve(socket)
  })
  return channelTo(server)
}

test.each<[string, (socket: Socket) => void]>([
  ['HTTP/1.1', socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['random bytes', socket => socket.write(Buffer.from('\u0000\u00ff'.repeat(5000), 'latin1'))],
  ['a connection that is closed at once', socket => socket.destroy()],
  [
    'a connection that is closed in the middle of a frame',
    socket => socket.end(Buffer.from([0, 0, 12, 4, 0])),
  ],
])('%s instead of HTTP/2', async (_, serve) => {
  expect(await called(await overTCP(serve))).toMatch(/^rpc error: code = Unavailable desc = \S/)
})

test('A server that wants no more calls finishes those it has; the next take a new connection', async () => {
  const streams: ServerHttp2Stream[] = []
  const channel = await overHTTP2(stream => {
    streams.push(stream)
    if (streams.length > 1) return answerWith(stream, frameOf(Buffer.from('new')), fine)
    stream.respond(grpc, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers(fine))
    stream.write(frameOf(Buffer.from('one')))
  })
  const seen: string[] = []
  const stopping = new AbortController()
  let next: () => void = () => undefined
  const more = () =>
    new Promise<void>(resolve => {
      next = resolve
    })
  const first = more()
  const subscribed = channel.subscribe(
    { path: '/a.B/Watch', message: Buffer.alloc(0), keepsOpen: true },
    message => {
      seen.push(String(message))
      next()
    },
    stopping.signal,
  )
  await first
  const second = more()
  streams[0]!.session!.goaway()
  while ((await called(channel)) !== 'answered new' || streams[1]!.session === streams[0]!.session);
  streams[0]!.write(frameOf(Buffer.from('two')))
  await second
  expect(seen).toEqual(['one', 'two'])
  // The old connection as well.
  channel.close()
  await expect(subscribed).rejects.toThrow('rpc error: code = Unavailable')
})
