import { randomBytes } from 'node:crypto'
import { Duplex } from 'node:stream'
import { constants, deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { SpdyClient } from './spdy.fake.ts'
import { SpdyConnection, type SpdyStream } from './spdy.ts'
import { controlFrame, encodeHeaders, frameType, headerDictionary, numbers } from './spdyframes.ts'

/** Two ends of one connection. */
function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = []
  const end = (other: 0 | 1) =>
    new Duplex({
      read: () => undefined,
      write(chunk, _encoding, done) {
        setImmediate(() => {
          ends[other]!.push(chunk)
          done()
        })
      },
      destroy(error, done) {
        setImmediate(() => ends[other]!.destroy())
        done(error)
      },
      final(done) {
        setImmediate(() => {
          ends[other]!.push(null)
          done()
        })
      },
    })
  ends.push(end(1), end(0))
  return [ends[0]!, ends[1]!]
}

function connected(onStream: (stream: SpdyStream) => void) {
  const [serverEnd, clientEnd] = pair()
  let closed = false
  const server = new SpdyConnection(serverEnd, Buffer.alloc(0), {
    onStream,
    onClose: () => {
      closed = true
    },
  })
  return { server, client: new SpdyClient(clientEnd), isClosed: () => closed }
}

test('A stream carries its headers and megabytes both ways, byte for byte', async () => {
  const opened: SpdyStream[] = []
  const { client } = connected(stream => {
    opened.push(stream)
    stream.pipe(stream)
  })
  const stream = await client.open({ streamType: 'stdin', port: '80' })
  await stream.replied
  const data = randomBytes(5 * 1024 * 1024)
  client.send(stream, data)
  client.end(stream)
  expect((await stream.ended).equals(data)).toBe(true)
  expect({ ...opened[0]!.headers }).toEqual({ streamtype: 'stdin', port: '80' })
})

test('Several streams are answered apart, their headers read with a common history', async () => {
  const { client } = connected(stream =>
    stream.end(`${stream.headers.streamtype} ${stream.headers.requestid}`),
  )
  const streams = []
  for (const [index, streamType] of ['error', 'data', 'error', 'data'].entries()) {
    streams.push(await client.open({ streamType, requestID: String(index) }, true))
  }
  const answers = await Promise.all(streams.map(stream => stream.ended))
  expect(answers.map(String)).toEqual(['error 0', 'data 1', 'error 2', 'data 3'])
})

test('A PING comes back', async () => {
  const { client } = connected(stream => stream.end())
  client.ping(7)
  const stream = await client.open({}, true)
  await stream.ended
  expect(client.pings).toEqual([7])
})

test('When the client goes, every stream is destroyed and the end is told', async () => {
  let gone: Promise<void> | undefined
  const { client, isClosed } = connected(stream => {
    gone = new Promise(resolve => stream.once('close', () => resolve()))
  })
  const stream = await client.open({})
  await stream.replied
  expect(isClosed()).toBe(false)
  client.close()
  await gone
  expect(isClosed()).toBe(true)
})

test('What is no SPDY ends the connection', async () => {
  const [serverEnd, clientEnd] = pair()
  const closed = new Promise<void>(resolve => {
    new SpdyConnection(serverEnd, Buffer.alloc(0), { onStream: () => undefined, onClose: resolve })
  })
  clientEnd.write('\x80GET / HTTP/1.1\r\n\r\n')
  await closed
})

/** Resolves when the server has ended the connection. */
function sent(bytes: Buffer): Promise<string> {
  const [serverEnd, clientEnd] = pair()
  const streams: SpdyStream[] = []
  return new Promise(resolve => {
    const handlers = {
      onStream: (stream: SpdyStream) => void streams.push(stream),
      onClose: () => resolve(`ended with ${streams.length} streams`),
    }
    void new SpdyConnection(serverEnd, Buffer.alloc(0), handlers)
    clientEnd.write(bytes)
  })
}

const synStream = (headers: Record<string, string>) =>
  controlFrame(
    frameType.synStream,
    Buffer.concat([
      numbers(1, 0),
      Buffer.alloc(2),
      deflateSync(encodeHeaders(headers), {
        dictionary: headerDictionary,
        finishFlush: constants.Z_SYNC_FLUSH,
      }),
    ]),
  )

test('A frame that is too short ends its connection and nothing else, also behind headers', async () => {
  const short = controlFrame(frameType.reset, Buffer.alloc(2))
  expect(await sent(short)).toBe('ended with 0 streams')
  expect(await sent(Buffer.concat([synStream({ streamtype: 'error' }), short]))).toBe('ended with 1 streams')
})

test('A header block that inflates to megabytes ends its connection', async () => {
  expect(await sent(synStream({ streamtype: 'x'.repeat(8 << 20) }))).toBe('ended with 0 streams')
})
