import { expect, test } from 'vitest'
import * as der from './der.ts'
import {
  childrenOf,
  readBitString,
  readElement,
  readObjectIdentifier,
  readString,
  tags,
} from './derreader.ts'

const bytes = (hex: string) => Buffer.from(hex, 'hex')

test.each(['1.2.840.10045.4.3.2', '2.5.4.10', '2.16.840.1.113730.4.1', '2.5.29.37.0'])(
  'The object identifier %s is read as it was written',
  dotted => {
    expect(readObjectIdentifier(readElement(der.objectIdentifier(dotted)))).toBe(dotted)
  },
)

test('Long contents are read as they were written', () => {
  const long = der.octetString(Buffer.alloc(70_000, 7))
  expect(readElement(long).contents).toHaveLength(70_000)
  expect(childrenOf(readElement(der.sequence(long, der.boolean(true))), tags.sequence)).toHaveLength(2)
})

test('Texts are read in the sets of characters that they come in', () => {
  expect(readString(readElement(der.utf8String('双子')))).toBe('双子')
  expect(readString(readElement(bytes('130161')))).toBe('a')
  expect(readString(readElement(bytes('1e0453cc5b50')))).toBe('双子')
  expect(() => readString(readElement(bytes('0c01ff')))).toThrow('a string has bytes')
  expect(() => readString(readElement(bytes('020101')))).toThrow('expected a string')
})

test.each([
  ['', 'truncated'],
  ['30', 'truncated'],
  ['300501', 'data truncated'],
  ['3000ff', 'trailing data'],
  ['3080', 'length is not definite'],
  ['308100', 'non-minimal length'],
  ['3082', 'truncated'],
  ['1f8101', 'long tags'],
])('%j is refused', (hex, why) => {
  expect(() => readElement(bytes(hex))).toThrow(why)
})

test('A bit string of other than whole bytes, and a cut off identifier, are refused', () => {
  expect(() => readBitString(readElement(bytes('03020780')))).toThrow('whole bytes')
  expect(() => readObjectIdentifier(readElement(bytes('060181')))).toThrow('truncated object identifier')
  expect(() => readObjectIdentifier(undefined)).toThrow('expected tag 0x6, found nothing')
})
