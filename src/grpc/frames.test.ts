import { expect, test } from 'vitest'
import { frameOf, MessageParser } from './frames.ts'

const texts = (messages: readonly Buffer[]) => messages.map(String)

test('Messages come out whole, however the bytes are cut', () => {
  const parser = new MessageParser(100)
  const bytes = Buffer.concat(['one', '', 'three'].map(text => frameOf(Buffer.from(text))))
  expect(texts(parser.push(bytes.subarray(0, 7)))).toEqual([])
  expect(texts(parser.push(bytes.subarray(7, 14)))).toEqual(['one', ''])
  expect(texts(parser.push(bytes.subarray(14)))).toEqual(['three'])
})

test('A message that is too large or compressed is refused as soon as it begins', () => {
  const tooLarge = () => new MessageParser(10).push(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))
  expect(tooLarge).toThrow('grpc: received message larger than max (4294967295 vs. 10)')
  expect(() => new MessageParser(10).push(Buffer.from([1, 0, 0, 0, 1]))).toThrow('compressed messages')
})
