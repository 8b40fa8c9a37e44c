import { expect, test } from 'vitest'
import { ProtobufReader } from './reader.ts'

const reader = (...bytes: number[]) => new ProtobufReader(Buffer.from(bytes))
const minusOne = [...Array(9).fill(0xff), 0x01]

test('Numbers of one to ten bytes are read, negative ones as two’s complement', () => {
  expect(reader(0x00).integer()).toBe(0)
  expect(reader(0x96, 0x01).integer()).toBe(150)
  expect(reader(0xff, 0xff, 0xff, 0x7f).integer()).toBe(268435455)
  expect(reader(0x80, 0x80, 0x80, 0x80, 0x10).integer()).toBe(4294967296)
  expect(reader(...minusOne).integer()).toBe(-1)
  expect(reader(...minusOne).int32()).toBe(-1)
  expect(reader(...minusOne).varint()).toBe(0xffffffffffffffffn)
})

test('What is cut short or too long is refused', () => {
  expect(() => reader().integer()).toThrow('it ends within a number')
  expect(() => reader(0x80, 0x80).integer()).toThrow('it ends within a number')
  expect(() => reader(...Array(11).fill(0x80)).integer()).toThrow('a number is too long')
  expect(() => reader(0x02, 0x01).block()).toThrow('it ends within a field')
  expect(() => reader(...minusOne).block()).toThrow('it ends within a field')
})

test('A tag is a field’s number and wire type', () => {
  expect(reader(0x12).tag()).toEqual({ number: 2, wire: 2 })
  expect(reader(0xda, 0x02).tag()).toEqual({ number: 43, wire: 2 })
  expect(() => reader(0x02).tag()).toThrow('illegal tag 2')
  expect(() => reader(0x80, 0x80, 0x80, 0x80, 0x10).tag()).toThrow('illegal tag 4294967296')
})

test('Values are passed over by their wire type, and it is told whether they say anything', () => {
  expect(reader(0x00).skip(0)).toBe(false)
  expect(reader(0x05).skip(0)).toBe(true)
  expect(reader(0, 0, 0, 0, 0, 0, 0, 1).skip(1)).toBe(true)
  expect(reader(0).skip(2)).toBe(false)
  expect(reader(1, 7).skip(2)).toBe(true)
  expect(reader(0, 0, 0, 0).skip(5)).toBe(false)
  expect(() => reader(0).skip(3)).toThrow('wire type 3')
})

test('A field of another wire type than its own is refused', () => {
  expect(() => reader().expect(0, 2, 'spec')).toThrow('field spec has wire type 0, expected a block')
})
