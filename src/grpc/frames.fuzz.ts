import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyBytes, fuzz } from '../../test/fuzzing.ts'
import { GRPCError } from './error.ts'
import { frameOf, MessageParser } from './frames.ts'

/** The bytes in pieces of these lengths, the last one being the rest. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return [...pieces, bytes.subarray(at)]
}

const lengths = fc.array(fc.nat(40), { maxLength: 20 })

test('What was put into frames comes out of them, however the bytes are cut', () => {
  fuzz(
    fc.property(fc.array(anyBytes, { maxLength: 6 }), lengths, (messages, where) => {
      const parser = new MessageParser(1 << 20)
      const pieces = cut(Buffer.concat(messages.map(frameOf)), where)
      expect(pieces.flatMap(piece => parser.push(piece))).toEqual(messages)
    }),
  )
})

test('Any bytes are messages or a GRPCError', () => {
  fuzz(
    fc.property(anyBytes, lengths, (bytes, where) => {
      const parser = new MessageParser(1000)
      try {
        for (const piece of cut(bytes, where)) parser.push(piece)
      } catch (error) {
        expect(error).toBeInstanceOf(GRPCError)
      }
    }),
  )
})
