import { createHash } from 'node:crypto'
import { constants, inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import {
  controlFrame,
  dataFrameHead,
  decodeHeaders,
  encodeHeaders,
  FrameParser,
  frameType,
  headerDictionary,
  numbers,
  storedBlock,
} from './spdyframes.ts'

test('The header dictionary has the 1,423 bytes of the draft', () => {
  expect(headerDictionary.length).toBe(1423)
  expect(createHash('sha256').update(headerDictionary).digest('hex')).toBe(
    '51d27341373f923f3cd88e1eb7162aeaa3723d7585ff2399201dc06498407f02',
  )
})

test('FrameParser finds frames wherever the bytes are cut', () => {
  const data = Buffer.concat([dataFrameHead(5, 3, 1), Buffer.from('abc')])
  const bytes = Buffer.concat([controlFrame(frameType.ping, numbers(7)), data])
  for (let cut = 0; cut <= bytes.length; cut++) {
    const parser = new FrameParser()
    const frames = [...parser.push(bytes.subarray(0, cut)), ...parser.push(bytes.subarray(cut))]
    expect(frames).toEqual([
      { control: 6, streamId: 0, flags: 0, payload: numbers(7) },
      { streamId: 5, flags: 1, payload: Buffer.from('abc') },
    ])
  }
})

test('Another version of SPDY is refused', () => {
  expect(() => new FrameParser().push(Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 0]))).toThrow('SPDY/3.1')
})

test('Headers survive the way, names in lower case, and a block that is cut short is refused', () => {
  const block = encodeHeaders({ StreamType: 'data', port: '80' })
  expect({ ...decodeHeaders(block) }).toEqual({ streamtype: 'data', port: '80' })
  expect(() => decodeHeaders(block.subarray(0, block.length - 1))).toThrow('cut short')
})

test('Stored blocks are a zlib stream, each with the mark of a flush at its end', () => {
  const stream = Buffer.concat([
    storedBlock(Buffer.from('one'), true),
    storedBlock(Buffer.from('two'), false),
  ])
  const options = { finishFlush: constants.Z_SYNC_FLUSH, dictionary: headerDictionary }
  expect(String(inflateSync(stream, options))).toBe('onetwo')
  expect(stream.subarray(-5)).toEqual(Buffer.from([0, 0, 0, 0xff, 0xff]))
})
