import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almostBytes, anyBytes, fuzz } from '../../test/fuzzing.ts'
import { bytes, defineMessage, flag, integer, integers, message, messages, text, textMap } from './message.ts'
import { ProtobufError } from './reader.ts'

const inner = defineMessage({ key: bytes(1), revision: integer(2) })
const outer = defineMessage({
  name: text(1),
  one: message(2, inner),
  many: messages(3, inner),
  isOn: flag(4),
  numbers: integers(5),
  labels: textMap(6),
})

const number = fc.oneof(fc.integer(), fc.maxSafeInteger())
const innerValue = fc.record({ key: anyBytes, revision: number })
const value = fc.record({
  name: fc.string({ unit: 'grapheme' }),
  one: innerValue,
  many: fc.array(innerValue, { maxLength: 4 }),
  isOn: fc.boolean(),
  numbers: fc.array(number, { maxLength: 4 }),
  labels: fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { maxKeys: 3 }),
})

test('What is written is read again', () => {
  fuzz(
    fc.property(value, given => {
      expect(outer.decode(outer.encode(given))).toEqual(given)
    }),
  )
})

test('Any bytes are a message or a ProtobufError', () => {
  const given = fc.oneof(anyBytes, almostBytes(value.map(one => outer.encode(one))))
  fuzz(
    fc.property(given, bytes => {
      try {
        outer.decode(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(ProtobufError)
      }
    }),
    1000,
  )
})
