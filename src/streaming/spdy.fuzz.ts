import { Duplex } from 'node:stream'
import { constants, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almostBytes, anyBytes, fuzz, fuzzAsync, orRefused } from '../../test/fuzzing.ts'
import { SpdyConnection } from './spdy.ts'
import {
  controlFrame,
  dataFrameHead,
  decodeHeaders,
  encodeHeaders,
  FrameParser,
  headerDictionary,
  numbers,
  storedBlock,
} from './spdyframes.ts'

const headers = { streamtype: 'stdin', port: '80' }
const compressed = deflateSync(encodeHeaders(headers), {
  dictionary: headerDictionary,
  finishFlush: constants.Z_SYNC_FLUSH,
})
const opening = (id: number, block: Buffer) =>
  controlFrame(1, Buffer.concat([numbers(id, 0), Buffer.alloc(2), block]))
const frame = fc.oneof(
  fc.constantFrom(opening(1, compressed), opening(3, storedBlock(encodeHeaders(headers), true))),
  fc.tuple(fc.nat(9), anyBytes).map(([type, payload]) => controlFrame(type, payload)),
  fc
    .tuple(fc.constantFrom(1, 3, 5), anyBytes, fc.nat(1))
    .map(([id, payload, flags]) => Buffer.concat([dataFrameHead(id, payload.length, flags), payload])),
)
const conversation = fc.array(frame, { maxLength: 8 }).map(frames => Buffer.concat(frames))

test('Frames come out the same, however the bytes are cut', () => {
  fuzz(
    fc.property(conversation, fc.array(fc.nat(3000), { maxLength: 6 }), (bytes, cuts) => {
      const whole = new FrameParser().push(bytes)
      const parser = new FrameParser()
      const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
      const parts = places.slice(1).flatMap((end, index) => parser.push(bytes.subarray(places[index], end)))
      expect(parts).toEqual(whole)
    }),
  )
})

test('Bytes are headers or refused', () => {
  fuzz(
    fc.property(fc.oneof(anyBytes, almostBytes(fc.constant(encodeHeaders(headers)))), block => {
      const found = orRefused(() => decodeHeaders(block), Error)
      if (found) expect(Object.getPrototypeOf(found)).toBe(null)
    }),
  )
})

/** Resolves when a connection that was told all of it has ended: no error escapes, nothing waits. */
function serve(bytes: Buffer): Promise<void> {
  return new Promise(resolve => {
    const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
    const connection = new SpdyConnection(socket, bytes, {
      onStream: stream => stream.on('error', () => undefined).resume(),
      onClose: resolve,
    })
    setImmediate(() => setImmediate(() => connection.destroy()))
  })
}

test('A connection outlives or ends whatever is sent to it', async () => {
  await fuzzAsync(fc.asyncProperty(fc.oneof(almostBytes(conversation), anyBytes), serve), 300)
})
