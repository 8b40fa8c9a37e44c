import { expect, test } from 'vitest'
import * as der from './der.ts'

const hex = (bytes: Buffer) => bytes.toString('hex')

test('integer() is the shortest form, and never negative', () => {
  expect(hex(der.integer(Buffer.from('0001', 'hex')))).toBe('020101')
  expect(hex(der.integer(Buffer.from('80', 'hex')))).toBe('02020080')
  expect(hex(der.integer(Buffer.from('00ff01', 'hex')))).toBe('020300ff01')
  expect(hex(der.integer(Buffer.from('00', 'hex')))).toBe('020100')
})

test('lengths take as many bytes as they need', () => {
  expect(hex(der.octetString(Buffer.alloc(0x7f))).slice(0, 4)).toBe('047f')
  expect(hex(der.octetString(Buffer.alloc(0x80))).slice(0, 6)).toBe('048180')
  expect(hex(der.octetString(Buffer.alloc(0x100))).slice(0, 8)).toBe('04820100')
  expect(hex(der.octetString(Buffer.alloc(0x10000))).slice(0, 10)).toBe('0483010000')
})

test('objectIdentifier() packs numbers in groups of seven bits', () => {
  expect(hex(der.objectIdentifier('1.2.840.10045.4.3.2'))).toBe('06082a8648ce3d040302')
})

test('time() is a UTCTime until 2049 and a GeneralizedTime after', () => {
  expect(der.time(Date.UTC(2026, 0, 2, 3, 4, 5)).toString('latin1')).toBe('\x17\x0d260102030405Z')
  expect(der.time(Date.UTC(2050, 0, 1)).toString('latin1')).toBe('\x18\x0f20500101000000Z')
})
