import { expect, test } from 'vitest'
import {
  bytes,
  defineMessage,
  flag,
  integer,
  integers,
  message,
  messages,
  text,
  textMap,
  texts,
} from './message.ts'

const inner = defineMessage({ value: integer(1) })
const all = defineMessage({
  name: text(1),
  words: texts(2),
  count: integer(3),
  isOn: flag(4),
  numbers: integers(5),
  one: message(6, inner),
  many: messages(7, inner),
  labels: textMap(8),
  raw: bytes(9),
})

test('Each kind of field is written in its wire form, in the order of the numbers', () => {
  const encoded = all.encode({
    name: 'ab',
    words: ['x', ''],
    count: -1,
    isOn: true,
    numbers: [1, 300],
    one: { value: 0 },
    many: [{ value: 1 }, {}],
    labels: { k: 'v' },
    raw: Buffer.from([7]),
  })
  const expected = [
    '0a026162',
    '120178',
    '1200',
    '18ffffffffffffffffff01',
    '2001',
    '2a0301ac02',
    '3200',
    '3a020801',
    '3a00',
    '42060a016b120176',
    '4a0107',
  ]
  expect(encoded.toString('hex')).toBe(expected.join(''))
})

test('What was written is read, and what was not sent has its zero value', () => {
  const value = {
    name: 'é',
    words: ['a', 'b'],
    count: -7,
    isOn: true,
    numbers: [0, 5],
    one: { value: 3 },
    many: [{ value: 0 }],
    labels: { 'a/b': '', c: 'd' },
    raw: Buffer.from('z'),
  }
  expect(all.decode(all.encode(value))).toEqual(value)
  expect(all.decode(Buffer.alloc(0))).toEqual({
    name: '',
    words: [],
    count: 0,
    isOn: false,
    numbers: [],
    one: undefined,
    many: [],
    labels: {},
    raw: Buffer.alloc(0),
  })
  expect(all.encode({}).length).toBe(0)
})

test('Unknown fields are passed over, numbers may come one by one', () => {
  // Field 15 of each wire type, then field 5 twice unpacked.
  const sent = Buffer.from('7801' + '790102030405060708' + '7a0161' + '7d01020304' + '28042805', 'hex')
  expect(all.decode(sent).numbers).toEqual([4, 5])
})

test('A message that is cut short is refused', () => {
  expect(() => all.decode(Buffer.from('0a05616263', 'hex'))).toThrow('it ends within a field')
})
