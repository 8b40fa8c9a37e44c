import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StatusError } from '../api/status.ts'
import { FakeClock } from '../component/clock.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { serveCommand } from './command.ts'
import { fakeKubelet } from './kubelet.fake.ts'
import { servePortForward } from './portforward.ts'
import { openSpdyCommand, openSpdyPort } from './spdyclient.ts'
import {
  controlFrame,
  encodeHeaders,
  FrameParser,
  finFlag,
  frameType,
  numbers,
  storedBlock,
} from './spdyframes.ts'
import { switchToSpdy, type UpgradeAnswer } from './upgrade.ts'

const clock = new FakeClock()
const kubelet = fakeKubelet()
const container = { namespace: 'default', pod: 'p', uid: 'u', container: 'c' }
let server: Server

beforeAll(async () => {
  server = createServer()
  server.on('upgrade', async (message, socket, head) => {
    const { method = '', url = '', headers } = message
    const asked = new URL(url, 'http://server')
    const flag = (name: string) => asked.searchParams.has(name)
    const selection = {
      stdin: flag('stdin'),
      stdout: flag('stdout'),
      stderr: flag('stderr'),
      tty: flag('tty'),
    }
    const command = asked.searchParams.getAll('command')
    const request = { method, path: url, headers, canUpgrade: true }
    const connect = (port: number) => kubelet.portForward(container, port)
    const answer: Promise<UpgradeAnswer> =
      asked.pathname === '/exec'
        ? serveCommand({
            request,
            clock,
            selection,
            start: () => kubelet.exec(container, { ...selection, command }),
          })
        : servePortForward(request, async () => ({
            clock,
            target: 'pod p',
            ports: asked.searchParams.getAll('ports'),
            connect,
          }))
    const found = await answer.catch((error: StatusError) => error)
    if (found instanceof StatusError) {
      socket.end(`HTTP/1.1 ${found.code} No\r\nconnection: close\r\n\r\n${JSON.stringify(found.toStatus())}`)
    } else if (found.type === 'serve') found.serve(socket, head)
    else socket.end(`HTTP/1.1 403 No\r\nconnection: close\r\n\r\n${found.text}`)
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
})
afterAll(() => void server.close())

const target = (path: string) => {
  const { port } = server.address() as AddressInfo
  return { url: new URL(`http://${joinHostPort('localhost', port)}${path}`) }
}
const streams = { stdin: true, stdout: true, stderr: true, tty: false }
const all = 'stdin=1&stdout=1&stderr=1'

async function bytesOf(stream: Readable | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test('A command over SPDY gets its input to the end and returns it byte for byte', async () => {
  const session = await openSpdyCommand(target(`/exec?command=cat&${all}`), streams)
  const data = randomBytes(5 * 1024 * 1024)
  const output = bytesOf(session.stdout)
  session.stdin?.end(data)
  expect((await output).equals(data)).toBe(true)
  expect(await session.outcome).toEqual({ type: 'exited', exitCode: 0 })
})

test('What a command wrote can be read after it has ended and the connection is gone', async () => {
  const session = await openSpdyCommand(target(`/exec?command=cat&${all}`), streams)
  const data = randomBytes(300_000)
  session.stdin?.end(data)
  expect(await session.outcome).toEqual({ type: 'exited', exitCode: 0 })
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
  expect((await bytesOf(session.stdout)).equals(data)).toBe(true)
})

test('Exit codes, terminal sizes and failures arrive', async () => {
  const failing = await openSpdyCommand(target(`/exec?command=exit&command=3&${all}`), streams)
  expect(String(await bytesOf(failing.stderr))).toBe('leaving with 3\n')
  expect(await failing.outcome).toEqual({ type: 'exited', exitCode: 3 })
  const terminal = { stdin: false, stdout: true, stderr: false, tty: true }
  const sized = await openSpdyCommand(target('/exec?command=size&stdout=1&tty=1'), terminal)
  sized.resize({ columns: 80, rows: 24 })
  expect(String(await bytesOf(sized.stdout))).toBe('80x24')
  const broken = await openSpdyCommand(target(`/exec?command=other&${all}`), streams)
  expect(await broken.outcome).toEqual({ type: 'failed', message: 'cannot run other' })
})

test('What is refused before the upgrade is thrown as the StatusError it was', async () => {
  const refused = openSpdyCommand(target(`/exec?command=missing&${all}`), streams)
  await expect(refused).rejects.toMatchObject({ code: 404, message: 'container not found ("c")' })
})

test('A forwarded port carries megabytes and half-closes', async () => {
  const port = await openSpdyPort(target('/portForward'), 80)
  const data = randomBytes(3 * 1024 * 1024)
  const output = bytesOf(port)
  port.end(data)
  expect((await output).equals(data)).toBe(true)
})

test('A port that cannot be reached is the error of the stream', async () => {
  const port = await openSpdyPort(target('/portForward'), 1)
  await expect(bytesOf(port)).rejects.toThrow('error forwarding port 1 to pod p: connection refused')
})

test('Nothing is sent on a stream before the server knows of it', async () => {
  const order: string[] = []
  const slow = createServer()
  slow.on('upgrade', (_request, socket: Socket) => {
    socket.on('error', () => undefined).write(switchToSpdy('v4.channel.k8s.io'))
    const parser = new FrameParser()
    socket.on('data', (chunk: Buffer) => {
      for (const { control, streamId, payload, flags } of parser.push(chunk)) {
        if (control === frameType.synStream) {
          const id = payload.readUInt32BE(0)
          setImmediate(() => {
            order.push(`reply ${id}`)
            const reply = Buffer.concat([numbers(id), storedBlock(encodeHeaders({}), id === 1)])
            socket.write(controlFrame(frameType.synReply, reply))
          })
        } else if (control === undefined) {
          order.push(flags === finFlag ? `end ${streamId}` : `${payload} ${streamId}`)
          if (flags === finFlag && streamId === 3) socket.destroy()
        }
      }
    })
  })
  await new Promise<void>(resolve => slow.listen(0, 'localhost', resolve))
  const { port } = slow.address() as AddressInfo
  const url = new URL(`http://${joinHostPort('localhost', port)}/exec`)
  const session = await openSpdyCommand({ url }, { stdin: true, stdout: false, stderr: false, tty: false })
  session.stdin?.end('hello')
  expect(await session.outcome).toEqual({ type: 'failed', message: 'the connection was lost' })
  expect(order).toEqual(['reply 1', 'reply 3', 'end 1', 'hello 3', 'end 3'])
  slow.close()
})
