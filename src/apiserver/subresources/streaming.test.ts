import { randomBytes } from 'node:crypto'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { fakeKubelet } from '../../streaming/kubelet.fake.ts'
import { type ClientStream, SpdyClient } from '../../streaming/spdy.fake.ts'
import { admin, openTestServer } from '../apiserver.fake.ts'
import { ServerRequest } from '../request.ts'

const kubelet = fakeKubelet()
let api: Awaited<ReturnType<typeof openTestServer>>
let http: Server
const pod = '/api/v1/namespaces/default/pods/p'
const port = () => (http.address() as AddressInfo).port

const podObject = {
  metadata: { name: 'p' },
  spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
}

beforeAll(async () => {
  api = await openTestServer({ kubelet: async () => kubelet })
  await api.ask('POST /api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  const made = await api.ask('POST /api/v1/namespaces/default/pods', podObject)
  expect(made.status).toBe(201)
  http = createServer()
  http.on('upgrade', async (message, socket, head) => {
    const { method = '', url: target = '', headers } = message
    const asked = new ServerRequest({ method, target, headers, certificateUser: admin, canUpgrade: true })
    const reply = await api.server.handle(asked)
    if (reply.upgrade) reply.upgrade(socket, head)
    else socket.end(`HTTP/1.1 ${reply.status} No\r\ncontent-type: x\r\n\r\n${reply.body}`)
  })
  await new Promise<void>(resolve => http.listen(0, 'localhost', resolve))
})

afterAll(async () => {
  http.close()
  await api.close()
})

interface Upgraded {
  readonly status: number
  readonly protocol?: string | undefined
  readonly text?: string
  readonly client?: SpdyClient
}

function upgrade(path: string, protocol: string): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol }
    const sent = request({ host: 'localhost', port: port(), method: 'POST', path, headers })
    sent.on('upgrade', (answer, socket: Duplex, head) => {
      const name = answer.headers['x-stream-protocol-version']
      const client = new SpdyClient(socket, head)
      resolve({ status: answer.statusCode!, protocol: String(name), client })
    })
    sent.on('response', answer => {
      let text = ''
      answer.on('data', chunk => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode!, text }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function openStreams<T extends string>(client: SpdyClient, types: readonly T[]) {
  const streams: Partial<Record<T, ClientStream>> = {}
  for (const type of types) streams[type] = await client.open({ streamType: type }, type === 'error')
  return streams as Record<T, ClientStream>
}

const statusOf = async (stream: ClientStream) => JSON.parse(String(await stream.ended))

test('exec over SPDY echoes five megabytes byte for byte and ends with success', async () => {
  const { client, protocol } = await upgrade(
    `${pod}/exec?command=cat&stdin=true&stdout=true&container=c`,
    'v4.channel.k8s.io, v3.channel.k8s.io',
  )
  expect(protocol).toBe('v4.channel.k8s.io')
  const { error, stdin, stdout } = await openStreams(client!, ['error', 'stdin', 'stdout'])
  const data = randomBytes(5 * 1024 * 1024)
  client!.send(stdin, data)
  client!.end(stdin)
  expect((await stdout.ended).equals(data)).toBe(true)
  expect(await statusOf(error)).toEqual({ metadata: {}, status: 'Success' })
  await client!.closed
})

test('The exit code of a command comes as the cause of a Status', async () => {
  const path = `${pod}/exec?command=exit&command=3&stdout=true&stderr=true`
  const { client } = await upgrade(path, 'v4.channel.k8s.io')
  const { error, stderr } = await openStreams(client!, ['error', 'stdout', 'stderr'])
  expect(String(await stderr.ended)).toBe('leaving with 3\n')
  expect(await statusOf(error)).toEqual({
    metadata: {},
    status: 'Failure',
    message: 'command terminated with non-zero exit code: exit status 3',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  })
})

test('A terminal has no stderr and is told its size', async () => {
  const path = `${pod}/exec?command=size&stdout=true&stderr=true&tty=true`
  const { client } = await upgrade(path, 'v4.channel.k8s.io')
  const { stdout, resize } = await openStreams(client!, ['error', 'stdout', 'resize'])
  client!.send(resize, Buffer.from('{"Width":80,"Height":24}\n'))
  expect(String(await stdout.ended)).toBe('80x24')
  expect(kubelet.calls.at(-1)).toMatchObject({
    container: { namespace: 'default', pod: 'p', container: 'c' },
    options: { command: ['size'], stdin: false, stdout: true, stderr: false, tty: true },
  })
})

test('What cannot be run is refused before the connection is upgraded', async () => {
  const refused = await upgrade(`${pod}/exec?command=missing&stdout=true`, 'v4.channel.k8s.io')
  expect([refused.status, JSON.parse(refused.text!).message]).toEqual([404, 'container not found ("c")'])
  const unknown = await upgrade(`${pod}/exec?command=cat&stdout=true`, 'v9.channel.k8s.io')
  expect([unknown.status, unknown.text]).toEqual([
    403,
    'unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io], ' +
      'server accepts [v4.channel.k8s.io]',
  ])
})

function open(path: string, protocols: readonly string[]): Promise<WebSocket> {
  const socket = new WebSocket(`ws://localhost:${port()}${path}`, [...protocols])
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** What came on each channel when the server has closed the connection. */
function channels(socket: WebSocket): Promise<Map<number, Buffer>> {
  const parts = new Map<number, Buffer[]>()
  socket.on('message', (data: Buffer) =>
    parts.set(data[0]!, [...(parts.get(data[0]!) ?? []), data.subarray(1)]),
  )
  return new Promise(resolve =>
    socket.once('close', () => resolve(new Map([...parts].map(([id, found]) => [id, Buffer.concat(found)])))),
  )
}

test('exec over WebSocket v5 echoes five megabytes and knows the end of stdin', async () => {
  const socket = await open(`${pod}/exec?command=cat&stdin=true&stdout=true&stderr=true`, [
    'v5.channel.k8s.io',
    'v4.channel.k8s.io',
  ])
  expect(socket.protocol).toBe('v5.channel.k8s.io')
  const received = channels(socket)
  const data = randomBytes(5 * 1024 * 1024)
  const step = 100_000
  for (let start = 0; start < data.length; start += step) {
    socket.send(Buffer.concat([Buffer.from([0]), data.subarray(start, start + step)]))
  }
  socket.send(Buffer.from([255, 0]))
  const found = await received
  expect(found.get(1)!.equals(data)).toBe(true)
  expect(JSON.parse(String(found.get(3)))).toEqual({ metadata: {}, status: 'Success' })
})

test('attach over WebSocket v4 passes sizes on and reports the outcome', async () => {
  const socket = await open(`${pod}/attach?stdin=true&stdout=true&tty=true`, ['v4.channel.k8s.io'])
  const received = channels(socket)
  socket.send(Buffer.from('\u0004{"Width":100,"Height":30}'))
  const found = await received
  expect(String(found.get(1))).toBe('100x30')
  expect(JSON.parse(String(found.get(3)))).toEqual({ metadata: {}, status: 'Success' })
})

/** All messages of a WebSocket, from the first one on, when the server has closed it. */
function messagesOf(path: string, protocols: readonly string[]) {
  const socket = new WebSocket(`ws://localhost:${port()}${path}`, [...protocols])
  const messages: Buffer[] = []
  socket.on('message', (data: Buffer) => messages.push(data))
  return new Promise<{ readonly protocol: string; readonly messages: readonly Buffer[] }>(
    (resolve, reject) => {
      socket.once('close', () => resolve({ protocol: socket.protocol, messages }))
      socket.once('error', reject)
    },
  )
}

const decoded = (message: Buffer, start = 0) => Buffer.from(String(message.subarray(start)), 'base64')

test('exec over the WebSockets of before v4 tells nothing but errors, in binary and in base64', async () => {
  const exit = (code: number) => `${pod}/exec?command=exit&command=${code}&stdout=true&stderr=true`
  const error = 'command terminated with non-zero exit code: exit status 3'
  for (const protocols of [[], ['channel.k8s.io']]) {
    const { protocol, messages } = await messagesOf(exit(3), protocols)
    expect(protocol).toBe(protocols[0] ?? '')
    expect(messages.map(String)).toEqual(['\u0001', '\u0002leaving with 3\n', `\u0003${error}`])
    const fine = await messagesOf(exit(0), protocols)
    expect(fine.messages.map(String)).toEqual(['\u0001', '\u0002leaving with 0\n'])
  }
  for (const asked of ['base64.channel.k8s.io', 'v4.base64.channel.k8s.io']) {
    const { protocol, messages } = await messagesOf(exit(3), [asked])
    expect(protocol).toBe(asked)
    const last = messages.at(-1)!
    expect(String(last)[0]).toBe('3')
    expect(String(decoded(last, 1))).toContain(asked.startsWith('v4.') ? `"message":"${error}"` : error)
  }
})

test('A log is read over WebSockets, in binary and in base64', async () => {
  for (const protocols of [[], ['binary.k8s.io'], ['base64.binary.k8s.io']]) {
    const { protocol, messages } = await messagesOf(`${pod}/log`, protocols)
    expect(protocol).toBe(protocols[0] ?? '')
    const isText = protocol.startsWith('base64.')
    expect(messages.map(message => String(isText ? decoded(message) : message))).toEqual(['one\n', 'two\n'])
  }
  await expect(messagesOf(`${pod}/log`, ['v9.k8s.io'])).rejects.toThrow('403')
})

async function forward(client: SpdyClient, portNumber: string, id: string) {
  const headers = { port: portNumber, requestID: id }
  const error = await client.open({ ...headers, streamType: 'error' }, true)
  const data = await client.open({ ...headers, streamType: 'data' })
  return { error, data }
}

test('port-forward carries several connections, each with its own error stream', async () => {
  const { client, protocol } = await upgrade(`${pod}/portforward`, 'portforward.k8s.io')
  expect(protocol).toBe('portforward.k8s.io')
  const [first, second] = [await forward(client!, '80', '0'), await forward(client!, '1', '1')]
  client!.send(first.data, Buffer.from('hello'))
  client!.end(first.data)
  expect(String(await first.data.ended)).toBe('hello')
  expect(String(await first.error.ended)).toBe('')
  expect(String(await second.error.ended)).toMatch(
    /^error forwarding port 1 to pod p, uid [0-9a-f-]{36}: connection refused$/,
  )
  client!.close()
})

/** The bytes inside a WebSocket's binary messages, as a client without the library's checks sends them. */
function insideWebSocket(socket: Duplex): Duplex {
  let rest: Buffer = Buffer.alloc(0)
  const inner = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      const head = Buffer.from([0x82, 0x80 | 126, chunk.length >> 8, chunk.length & 0xff, 0, 0, 0, 0])
      socket.write(Buffer.concat([head, chunk]), () => done())
    },
  })
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length > 1 && rest[1]! < 126 && rest.length >= 2 + rest[1]!) {
      const end = 2 + rest[1]!
      inner.push(rest.subarray(2, end))
      rest = rest.subarray(end)
    }
  })
  return inner
}

function openTunnel(): Promise<{ readonly protocol: string; readonly socket: Duplex }> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
  }
  return new Promise((resolve, reject) => {
    const sent = request({ host: 'localhost', port: port(), path: `${pod}/portforward`, headers })
    sent.on('upgrade', (answer, socket: Duplex) =>
      resolve({ protocol: String(answer.headers['sec-websocket-protocol']), socket }),
    )
    sent.on('error', reject)
    sent.end()
  })
}

test('port-forward is tunnelled through a WebSocket', async () => {
  const { protocol, socket } = await openTunnel()
  expect(protocol).toBe('SPDY/3.1+portforward.k8s.io')
  const client = new SpdyClient(insideWebSocket(socket))
  const { data } = await forward(client, '80', '0')
  client.send(data, Buffer.from('through the tunnel'))
  client.end(data)
  expect(String(await data.ended)).toBe('through the tunnel')
  socket.destroy()
})
