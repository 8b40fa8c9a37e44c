import { expect, test } from 'vitest'
import { decodePEM, encodePEM } from './pem.ts'

test('Blocks are read as they were written, whatever is around them', () => {
  const certificate = encodePEM('CERTIFICATE', Buffer.alloc(100, 1))
  const text = `a note\n${certificate}\r\n${encodePEM('KEY', Buffer.from('k'))}`
  expect(decodePEM(text)).toEqual([
    { label: 'CERTIFICATE', bytes: Buffer.alloc(100, 1), hasHeaders: false },
    { label: 'KEY', bytes: Buffer.from('k'), hasHeaders: false },
  ])
  expect(text.split('\n').every(line => line.length <= 65)).toBe(true)
})

test('Headers are seen and left out of the contents', () => {
  const text = '-----BEGIN KEY-----\nProc-Type: 4,ENCRYPTED\n\naGVsbG8=\n-----END KEY-----\n'
  expect(decodePEM(text)).toEqual([{ label: 'KEY', bytes: Buffer.from('hello'), hasHeaders: true }])
})

test('What does not end or is no base64 is no block', () => {
  expect(decodePEM('-----BEGIN KEY-----\naGVsbG8=\n'.repeat(1000))).toEqual([])
  expect(decodePEM('-----BEGIN KEY-----\n§§\n-----END KEY-----\n')).toEqual([])
})
