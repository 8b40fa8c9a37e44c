// Clients that go away in the middle, at any moment and over every protocol, leave nothing open behind them.
import { type EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Duplex, PassThrough } from 'node:stream'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ExecSession } from '../api/kubeletapi.ts'
import { FakeClock } from '../component/clock.ts'
import { serveCommand } from './command.ts'
import { servePortForward } from './portforward.ts'
import { SpdyClient } from './spdy.fake.ts'

const clock = new FakeClock()
let server: Server
/** What is open on the kubelet's side. */
const open = new Set<object>()
/** Sessions and connections come to be only when this is resolved. */
let gate = Promise.resolve()
let asked = () => undefined as undefined
let closed = () => undefined as undefined
/** Of the last session. */
let isRunning: Promise<unknown> = Promise.resolve()

function leave(thing: object): void {
  open.delete(thing)
  if (open.size === 0) closed()
}

async function startSession(): Promise<ExecSession> {
  asked()
  await gate
  const session: ExecSession = {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    resize: () => undefined,
    outcome: new Promise(() => undefined),
    close: () => leave(session),
  }
  isRunning = once(session.stdin!, 'pipe')
  open.add(session)
  return session
}

async function connect(): Promise<Duplex> {
  asked()
  await gate
  const remote = new PassThrough()
  open.add(remote)
  remote.once('close', () => leave(remote))
  return remote
}

async function answer(message: IncomingMessage) {
  const { method = '', url = '', headers } = message
  const upgrade = { method, path: url, headers, canUpgrade: true }
  const selection = { stdin: true, stdout: true, stderr: true, tty: false }
  return url.startsWith('/exec')
    ? serveCommand({ request: upgrade, clock, selection, start: startSession })
    : servePortForward(upgrade, async () => ({ clock, target: 'pod p', ports: ['80'], connect }))
}

beforeAll(async () => {
  server = createServer()
  server.on('upgrade', async (message, socket: Duplex, head) => {
    socket.on('error', () => socket.destroy())
    const found = await answer(message)
    if (found.type === 'serve') found.serve(socket, head)
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
})
afterAll(() => void server.close())
beforeEach(() => {
  open.clear()
  gate = Promise.resolve()
})

const spdy = (protocol: string) => ({ upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol })
const webSocket = (protocol: string) => ({
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'sec-websocket-protocol': protocol,
})

function ask(path: string, headers: Readonly<Record<string, string>>) {
  const { port } = server.address() as AddressInfo
  const sent = request({ host: 'localhost', port, path, headers: { connection: 'Upgrade', ...headers } })
  sent.on('error', () => undefined)
  sent.end()
  return sent
}

async function upgraded(path: string, headers: Readonly<Record<string, string>>) {
  const [, socket, head] = (await once(ask(path, headers), 'upgrade')) as [unknown, Duplex, Buffer]
  socket.on('error', () => undefined)
  return { socket, head }
}

/** Unlike `once` it takes an error for an end. */
const isOver = (thing: EventEmitter) => new Promise<void>(resolve => thing.once('close', () => resolve()))

const next = (set: (callback: () => undefined) => void) =>
  new Promise<void>(resolve => set(() => void resolve() as undefined))
const isAsked = () =>
  next(callback => {
    asked = callback
  })
const isClosed = () =>
  next(callback => {
    closed = callback
  })

const protocols: readonly (readonly [name: string, path: string, headers: Record<string, string>])[] = [
  ['exec over SPDY', '/exec', spdy('v4.channel.k8s.io')],
  ['exec over WebSocket', '/exec', webSocket('v5.channel.k8s.io')],
  ['port-forward over SPDY', '/portforward', spdy('portforward.k8s.io')],
  ['port-forward over the channels of a WebSocket', '/portforward', webSocket('v4.channel.k8s.io')],
]

/** Opens the streams that make the kubelet's side come to be, where the protocol needs it. */
async function openStreams(name: string, socket: Duplex, head: Buffer): Promise<void> {
  if (!name.endsWith('SPDY')) return
  const client = new SpdyClient(socket, head)
  const port = { port: '80', requestID: '0' }
  const types = name.startsWith('exec') ? ['error', 'stdin', 'stdout', 'stderr'] : ['error', 'data']
  for (const streamType of types) {
    await client.open(
      name.startsWith('exec') ? { streamType } : { ...port, streamType },
      streamType === 'error',
    )
  }
}

test.each(protocols)('%s: a client that goes leaves nothing', async (name, path, headers) => {
  const reached = isAsked()
  const { socket, head } = await upgraded(path, headers)
  await openStreams(name, socket, head)
  await reached
  while (open.size === 0) await new Promise(resolve => setImmediate(resolve))
  const left = isClosed()
  socket.destroy()
  await left
  expect(open.size).toBe(0)
})

test.each(protocols.filter(([name]) => name.startsWith('exec')))(
  '%s: a client that goes before the session is there leaves none',
  async (_name, path, headers) => {
    let letGo: () => void = () => undefined
    gate = new Promise(resolve => {
      letGo = resolve
    })
    const reached = isAsked()
    const sent = ask(path, headers)
    await reached
    sent.destroy()
    await isOver(sent)
    const left = isClosed()
    letGo()
    await left
    expect(open.size).toBe(0)
  },
)

test.each(protocols)(
  '%s: a client that is silent for four hours is hung up on',
  async (name, path, headers) => {
    const reached = isAsked()
    const connections = once(server, 'connection')
    const { socket, head } = await upgraded(path, headers)
    const [own] = (await connections) as [Duplex]
    await openStreams(name, socket, head)
    await reached
    while (open.size === 0) await new Promise(resolve => setImmediate(resolve))
    if (name.startsWith('exec')) await isRunning
    const hour = 60 * 60 * 1000
    const ping = name.endsWith('SPDY') ? '800300060000000400000001' : '898000000000'
    await clock.advance(3 * hour)
    socket.write(Buffer.from(ping, 'hex'))
    await once(own, 'data')
    await clock.advance(4 * hour)
    expect(own.destroyed).toBe(false)
    const left = isClosed()
    await clock.advance(hour)
    await left
    expect([own.destroyed, open.size]).toEqual([true, 0])
  },
)

test('port-forward over SPDY: a client that goes while a connection is made leaves none', async () => {
  let letGo: () => void = () => undefined
  gate = new Promise(resolve => {
    letGo = resolve
  })
  const reached = isAsked()
  const connections = once(server, 'connection')
  const { socket, head } = await upgraded('/portforward', spdy('portforward.k8s.io'))
  const [own] = (await connections) as [Duplex]
  await openStreams('port-forward over SPDY', socket, head)
  await reached
  socket.destroy()
  await isOver(own)
  const left = isClosed()
  letGo()
  await left
  expect(open.size).toBe(0)
})

test('Two hundred connections are forwarded at once, each to its end', async () => {
  const { socket, head } = await upgraded('/portforward', spdy('portforward.k8s.io'))
  const client = new SpdyClient(socket, head)
  const texts = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const headers = { port: '80', requestID: String(index) }
      const error = await client.open({ ...headers, streamType: 'error' }, true)
      const data = await client.open({ ...headers, streamType: 'data' })
      client.send(data, Buffer.from(`connection ${index}`))
      client.end(data)
      return `${await data.ended}${await error.ended}`
    }),
  )
  expect(texts).toEqual(Array.from({ length: 200 }, (_, index) => `connection ${index}`))
  while (open.size > 0) await isClosed()
  socket.destroy()
})
