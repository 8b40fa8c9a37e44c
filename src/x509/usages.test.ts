import { expect, test } from 'vitest'
import { encodeUsages, keyUsages } from './usages.ts'

const hex = (bytes: Buffer | undefined) => bytes?.toString('hex')

test('The bits of key usages end with the last one that is set', () => {
  expect(hex(encodeUsages(['digital signature']).keyUsage)).toBe('03020780')
  expect(hex(encodeUsages(['signing', 'key encipherment']).keyUsage)).toBe('030205a0')
  expect(hex(encodeUsages(['decipher only']).keyUsage)).toBe('0303070080')
  expect(encodeUsages(['client auth']).keyUsage).toBeUndefined()
})

test('Extended usages are listed once each, in a fixed order', () => {
  const { extendedKeyUsage } = encodeUsages(['client auth', 'server auth', 'client auth', 's/mime'])
  expect(hex(extendedKeyUsage)).toBe('301e06082b0601050507030106082b0601050507030206082b06010505070304')
  expect(encodeUsages(['signing']).extendedKeyUsage).toBeUndefined()
})

test('There are the 23 usages of the API', () => {
  expect(keyUsages).toHaveLength(23)
  expect(keyUsages[0]).toBe('any')
})
