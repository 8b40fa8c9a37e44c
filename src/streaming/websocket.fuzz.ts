import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { test } from 'vitest'
import { almostBytes, anyBytes, fuzzAsync } from '../../test/fuzzing.ts'
import { acceptWebSocketCommand } from './websocket.ts'

/** A client's frame, masked with zeros (RFC 6455, section 5.2). */
function frame(payload: Buffer, opcode: number): Buffer {
  const long = Buffer.from([
    0x80 | opcode,
    0x80 | 126,
    payload.length >> 8,
    payload.length & 0xff,
    0,
    0,
    0,
    0,
  ])
  const short = Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0])
  return Buffer.concat([payload.length < 126 ? short : long, payload])
}

const channels = fc.constantFrom(0, 0, 0, 4, 255, 255, 1, 5)
const message = fc
  .tuple(
    channels,
    fc.oneof(anyBytes, fc.constant(Buffer.from([0])), fc.constant(Buffer.from('{"Width":1,"Height":2}'))),
  )
  .map(([channel, payload]) => Buffer.concat([Buffer.from([channel]), payload]))
const frames = fc
  .tuple(message, fc.oneof({ arbitrary: fc.constant(2), weight: 20 }, fc.constantFrom(0, 1, 8, 9, 10)))
  .map(([payload, opcode]) => frame(payload, opcode))
const conversation = fc.array(frames, { maxLength: 8 }).map(parts => Buffer.concat(parts))

const headers = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

/** Resolves when a session that was told all of it is over: no error escapes. */
async function serve(bytes: Buffer, protocol: string): Promise<void> {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const over = new Promise(resolve => socket.once('close', resolve))
  const request = { method: 'GET', path: '/', headers, canUpgrade: true }
  const selection = { stdin: true, stdout: true, stderr: true, tty: false }
  const streams = await acceptWebSocketCommand(
    { request, socket, head: Buffer.alloc(0) },
    selection,
    protocol,
  )
  streams.stdout?.on('error', () => undefined)
  streams.stderr?.on('error', () => undefined)
  socket.push(bytes)
  await new Promise(resolve => setImmediate(resolve))
  streams.stdin?.resume()
  await new Promise(resolve => setImmediate(resolve))
  socket.destroy()
  await over
}

test('A session outlives or ends whatever is sent to it', async () => {
  const protocol = fc.constantFrom('v5.channel.k8s.io', 'v4.channel.k8s.io')
  await fuzzAsync(
    fc.asyncProperty(fc.oneof(conversation, almostBytes(conversation), anyBytes), protocol, serve),
  )
})
