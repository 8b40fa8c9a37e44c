import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Duplex, PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { FakeClock } from '../component/clock.ts'
import { parsePorts } from './portchannels.ts'
import { servePortForward } from './portforward.ts'

let server: Server
let remotes: { readonly port: number; readonly stream: Duplex }[] = []

/** Every port echoes, but 1 refuses and 2 says something and hangs up. */
async function connect(port: number): Promise<Duplex> {
  if (port === 1) throw new Error('connection refused')
  const stream = new PassThrough()
  if (port === 2) stream.end('goodbye')
  remotes.push({ port, stream })
  return stream
}

beforeAll(async () => {
  server = createServer()
  server.on('upgrade', async (message, socket, head) => {
    const { method = '', url = '', headers } = message
    const ports = new URL(url, 'http://server').searchParams.getAll('ports')
    const request = { method, path: url, headers, canUpgrade: true }
    const start = async () => ({ clock: new FakeClock(), target: 'pod p', ports, connect })
    const answer = await servePortForward(request, start)
    if (answer.type === 'serve') answer.serve(socket, head)
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
})
afterAll(() => void server.close())
afterEach(() => {
  remotes = []
})

/** What a client has heard, channel by channel. */
async function open(query: string) {
  const { port } = server.address() as AddressInfo
  const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
  const socket = new WebSocket(`http://localhost:${port}/portforward?${query}`, protocols)
  const heard: Buffer[] = []
  let check = () => undefined as undefined
  socket.on('message', (data: Buffer) => {
    const number = data[0]!
    heard[number] = Buffer.concat([heard[number] ?? Buffer.alloc(0), data.subarray(1)])
    check()
  })
  const has = (number: number, bytes: number) =>
    new Promise<Buffer>(resolve => {
      check = () => {
        if ((heard[number]?.length ?? 0) >= bytes) resolve(heard[number]!)
        return undefined
      }
      check()
    })
  const send = (number: number, data: Buffer) => socket.send(Buffer.concat([Buffer.of(number), data]))
  const closed = once(socket, 'close')
  await once(socket, 'open')
  return { socket, heard, has, send, closed }
}

test('Each port has a channel for data and one for errors, which open with its number', async () => {
  const { socket, heard, has, send, closed } = await open('ports=80&ports=8080')
  expect(socket.protocol).toBe('v4.channel.k8s.io')
  const data = randomBytes(3 * 1024 * 1024)
  send(0, Buffer.from('to 80'))
  send(2, data)
  await has(0, 7)
  const second = await has(2, data.length + 2)
  expect(heard[0]).toEqual(Buffer.concat([Buffer.of(80, 0), Buffer.from('to 80')]))
  expect(second.subarray(0, 2)).toEqual(Buffer.of(0x90, 0x1f))
  expect(second.subarray(2).equals(data)).toBe(true)
  expect(heard[1]).toEqual(Buffer.of(80, 0))
  socket.close()
  await closed
})

test('What cannot be reached is explained on the channel for errors, and the end follows', async () => {
  const { heard, closed } = await open('ports=1')
  expect((await closed)[0]).toBe(1000)
  expect(heard[0]).toEqual(Buffer.of(1, 0))
  expect(heard[1]?.subarray(2).toString()).toBe('error forwarding port 1 to pod p: connection refused')
})

test('When the server in the Pod hangs up everything it said arrives, and then the end', async () => {
  const { heard, closed } = await open('ports=2')
  expect((await closed)[0]).toBe(1000)
  expect(heard[0]?.subarray(2).toString()).toBe('goodbye')
  expect(heard[1]).toEqual(Buffer.of(2, 0))
})

test('When the client goes away so does the connection to the Pod', async () => {
  const { socket, has, send } = await open('ports=80')
  send(0, Buffer.from('x'))
  await has(0, 3)
  const { stream } = remotes[0]!
  const gone = once(stream, 'close')
  socket.terminate()
  await gone
  expect(stream.destroyed).toBe(true)
})

test('Channels that nobody opened, and empty messages, are passed over', async () => {
  const { socket, heard, has, send, closed } = await open('ports=80')
  socket.send(Buffer.alloc(0))
  for (const number of [1, 2, 255]) send(number, Buffer.from('lost'))
  send(0, Buffer.from('kept'))
  expect((await has(0, 6)).subarray(2).toString()).toBe('kept')
  expect(heard).toHaveLength(2)
  socket.close()
  await closed
})

test.each([
  [[], 'query parameter "port" is required'],
  [['80,'], 'query parameter "port" cannot be empty'],
  [['http'], 'unable to parse "http" as a port'],
  [['80', '65536'], 'unable to parse "65536" as a port'],
  [['0'], 'port "0" must be > 0'],
])('Ports %j are refused: %s', (texts, message) => {
  expect(() => parsePorts(texts)).toThrow(message)
})

test('Ports may be named one by one or together', () => {
  expect(parsePorts(['80', '443,8080'])).toEqual([80, 443, 8080])
})
