import { expect, test } from 'vitest'
import { ProtobufReader } from './reader.ts'
import { ProtobufWriter } from './writer.ts'

function written(write: (writer: ProtobufWriter) => void): string {
  const writer = new ProtobufWriter()
  write(writer)
  return writer.finish().toString('hex')
}

test('Fields are written as protobuf’s own documentation has them', () => {
  expect(written(writer => writer.numberField(1, 150))).toBe('089601')
  expect(written(writer => writer.textField(2, 'testing'))).toBe('120774657374696e67')
  expect(written(writer => writer.textField(43, 'é'))).toBe('da0202c3a9')
  expect(written(writer => writer.doubleField(9, 0.5))).toBe('49000000000000e03f')
  expect(written(writer => writer.bytesField(3, Buffer.from([1, 2])))).toBe('1a020102')
})

test('A block is completed with the length of what was written in it', () => {
  const nested = (writer: ProtobufWriter) => {
    writer.numberField(1, 150)
    writer.endBlock(3, 0)
  }
  expect(written(nested)).toBe('1a03089601')
})

test.each([0, 1, 127, 128, 2 ** 31, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER, -1, -2147483648, -(2 ** 40)])(
  '%d is read as it was written',
  value => {
    const bytes = Buffer.from(
      written(writer => writer.varint(value)),
      'hex',
    )
    expect(new ProtobufReader(bytes).integer()).toBe(value)
  },
)

test('What is longer than the first buffer stays whole', () => {
  const long = 'x'.repeat(10_000)
  const writer = new ProtobufWriter()
  for (const number of [3, 2, 1]) writer.textField(number, long)
  const reader = new ProtobufReader(writer.finish())
  for (const number of [1, 2, 3]) {
    expect(reader.tag()).toEqual({ number, wire: 2 })
    expect(reader.block().toString()).toBe(long)
  }
  expect(reader.isDone).toBe(true)
})
