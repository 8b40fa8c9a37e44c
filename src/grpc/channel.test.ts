import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { reservePort } from '../../test/ports.ts'
import { FakeClock } from '../component/clock.ts'
import { loopbackAddress } from '../ip/family.ts'
import { GRPCChannel, type GRPCChannelOptions, GRPCError } from './channel.ts'

const servers: Http2Server[] = []
const channels: GRPCChannel[] = []
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close()
  for (const server of servers.splice(0)) server.close()
})

/** A promise, and what resolves it. */
function deferred() {
  let resolve = () => undefined as undefined
  const promise = new Promise<void>(done => {
    resolve = () => void done()
  })
  return { promise, resolve }
}

const message = (text: string) => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(text.length, 1)
  return Buffer.concat([head, Buffer.from(text)])
}

/** A server that hands each request's path, headers and body to `answer`. */
async function channelTo(
  answer: (stream: ServerHttp2Stream, request: { path: string; timeout: string; body: Buffer }) => void,
  clock = new FakeClock(),
  options: GRPCChannelOptions = {},
) {
  const server = createServer()
  servers.push(server)
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => undefined)
    stream.on('end', () => {
      const body = Buffer.concat(chunks)
      answer(stream, { path: String(headers[':path']), timeout: String(headers['grpc-timeout']), body })
    })
  })
  await new Promise<void>(resolve => server.listen(0, loopbackAddress.IPv6, resolve))
  const { port } = server.address() as AddressInfo
  const channel = new GRPCChannel(() => connect(port, loopbackAddress.IPv6), clock, options)
  channels.push(channel)
  return channel
}

function reply(stream: ServerHttp2Stream, bodies: readonly Buffer[], trailers: Record<string, string>) {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  for (const body of bodies) stream.write(body)
  stream.end()
}

test('A call sends one message with its deadline and returns the one that comes back', async () => {
  const channel = await channelTo((stream, { path, timeout, body }) => {
    reply(stream, [message(`${path} ${timeout} ${body.toString('hex')}`)], { 'grpc-status': '0' })
  })
  const answer = await channel.call({ path: '/a.B/C', message: Buffer.from('hi') }, 1500)
  expect(answer.toString()).toBe('/a.B/C 1500m 00000000026869')
})

test('An error has its code and its words, whether it comes first or last', async () => {
  const channel = await channelTo((stream, { path }) => {
    const status = { 'grpc-status': '5', 'grpc-message': 'no %22pod%22, caf%C3%A9' }
    if (path === '/first') stream.respond({ ':status': 200, ...status }, { endStream: true })
    else reply(stream, [], status)
  })
  for (const path of ['/first', '/last']) {
    const error = await channel.call({ path, message: Buffer.alloc(0) }, 1000).catch(error => error)
    expect(error).toBeInstanceOf(GRPCError)
    expect(error.code).toBe(5)
    expect(error.detail).toBe('no "pod", café')
    expect(error.message).toBe('rpc error: code = NotFound desc = no "pod", café')
  }
})

test('A call that gets no answer ends with its deadline', async () => {
  const clock = new FakeClock()
  const asked = deferred()
  const channel = await channelTo(() => asked.resolve(), clock)
  const answer = channel.call({ path: '/slow', message: Buffer.alloc(0) }, 2000).catch(error => error)
  await asked.promise
  await clock.advance(2000)
  expect((await answer).message).toBe('rpc error: code = DeadlineExceeded desc = context deadline exceeded')
})

test('A stream tells each message, also those that come in pieces, until it ends', async () => {
  const channel = await channelTo(stream => {
    const all = Buffer.concat([message('one'), message('two'), message('three')])
    reply(stream, [all.subarray(0, 7), all.subarray(7, 14), all.subarray(14)], { 'grpc-status': '0' })
  })
  const told: string[] = []
  const call = { path: '/watch', message: Buffer.alloc(0) }
  await channel.subscribe(call, bytes => told.push(bytes.toString()), new AbortController().signal)
  expect(told).toEqual(['one', 'two', 'three'])
})

test('A stream that is not wanted any more ends well, one that breaks does not', async () => {
  const streams: ServerHttp2Stream[] = []
  const asked = deferred()
  const channel = await channelTo(stream => {
    stream.respond({ ':status': 200 })
    streams.push(stream)
    if (streams.length === 2) asked.resolve()
  })
  const call = { path: '/watch', message: Buffer.alloc(0) }
  const controller = new AbortController()
  const left = channel.subscribe(call, () => undefined, controller.signal)
  const broken = channel.subscribe(call, () => undefined, new AbortController().signal).catch(error => error)
  await asked.promise
  controller.abort()
  await left
  for (const stream of streams) stream.session?.destroy()
  expect((await broken).code).toBe(14)
})

test('After a lost connection the next call makes a new one', async () => {
  let calls = 0
  const channel = await channelTo(stream => {
    calls++
    if (calls === 1) stream.session?.destroy()
    else reply(stream, [message('back')], { 'grpc-status': '0' })
  })
  const call = { path: '/x', message: Buffer.alloc(0) }
  await expect(channel.call(call, 1000)).rejects.toThrow('Unavailable')
  expect((await channel.call(call, 1000)).toString()).toBe('back')
})

test('A message of megabytes comes whole', async () => {
  const large = Buffer.alloc(9_000_000, 'futago')
  const head = Buffer.alloc(5)
  head.writeUInt32BE(large.length, 1)
  const channel = await channelTo(stream => reply(stream, [head, large], { 'grpc-status': '0' }))
  const answer = await channel.call({ path: '/large', message: Buffer.alloc(0) }, 1000)
  expect(answer.equals(large)).toBe(true)
})

test('It is told whether the server can have begun with a call', async () => {
  const call = { path: '/x', message: Buffer.alloc(0) }
  const broken = await channelTo(stream => stream.session?.destroy())
  expect(await broken.call(call, 1000).catch(error => error)).toMatchObject({ code: 14, isUnsent: false })
  const port = await reservePort()
  const refused = new GRPCChannel(() => connect(port, loopbackAddress.IPv6), new FakeClock())
  channels.push(refused)
  const error = await refused.call(call, 1000).catch(error => error)
  expect(error).toMatchObject({ code: 14, isUnsent: true })
  expect(error.detail).toBe(`connect ECONNREFUSED ${loopbackAddress.IPv6}:${port}`)
})

test('Of a host with several addresses it is told why none could be reached', async () => {
  const socket = new Duplex({ read: () => undefined, write: (_, __, done) => done() })
  const channel = new GRPCChannel(() => socket, new FakeClock())
  channels.push(channel)
  const answer = channel.call({ path: '/x', message: Buffer.alloc(0) }, 1000).catch(error => error)
  socket.destroy(new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('and the other')]))
  expect((await answer).detail).toBe('connect ECONNREFUSED ::1:1, and the other')
})

test('A stream can be left open on our side', async () => {
  const ended: string[] = []
  const server = createServer()
  servers.push(server)
  server.on('stream', (stream, headers) => {
    const path = String(headers[':path'])
    stream.on('error', () => undefined)
    stream.on('end', () => ended.push(path))
    stream.once('data', () => reply(stream, [message(path)], { 'grpc-status': '0' }))
  })
  await new Promise<void>(resolve => server.listen(0, loopbackAddress.IPv6, resolve))
  const { port } = server.address() as AddressInfo
  const channel = new GRPCChannel(() => connect(port, loopbackAddress.IPv6), new FakeClock())
  channels.push(channel)
  const told: string[] = []
  const { signal } = new AbortController()
  const tell = (bytes: Buffer) => void told.push(bytes.toString())
  await channel.subscribe({ path: '/open', message: Buffer.from('x'), keepsOpen: true }, tell, signal)
  expect(told).toEqual(['/open'])
  expect(ended).toEqual([])
})

test('A server that answers no ping is given up, one that does is not', async () => {
  const clock = new FakeClock()
  const asked = deferred()
  const channel = await channelTo(() => asked.resolve(), clock, { keepAliveMs: 1000 })
  const call = { path: '/watch', message: Buffer.alloc(0) }
  const error = channel.subscribe(call, () => undefined, new AbortController().signal).catch(error => error)
  await asked.promise
  // Time passes faster than any answer can come.
  await clock.advance(1000)
  await clock.advance(1000)
  expect((await error).detail).toBe('the server does not answer')
})

test('A server that is slow to answer is kept, one that is silent is not', async () => {
  const clock = new FakeClock()
  const streams: ServerHttp2Stream[] = []
  const channel = await channelTo(stream => streams.push(stream), clock)
  const call = { path: '/x', message: Buffer.alloc(0) }
  const answer = channel.call(call, 60_000)
  while (streams.length === 0) await new Promise(resolve => setImmediate(resolve))
  const [stream] = streams as [ServerHttp2Stream]
  let pings = 0
  const pinged = new Promise<void>(resolve => {
    stream.session!.on('ping', () => {
      pings++
      resolve()
    })
  })
  for (let time = 0; time < 5; time++) channel.check(1000)
  await pinged
  reply(stream, [message('late')], { 'grpc-status': '0' })
  expect((await answer).toString()).toBe('late')
  expect(pings).toBe(1)
  await clock.advance(1000)

  const unanswered = channel.call(call, 60_000).catch(error => error)
  channel.check(1000)
  await clock.advance(1000)
  expect((await unanswered).detail).toBe('the server does not answer')
})
