import { expect, test } from 'vitest'
import { base64Framing, binaryFraming, framingOf } from './framing.ts'

test('A message is its channel and its bytes, in text a digit and base64', () => {
  const data = Buffer.from([0, 255, 10])
  expect(binaryFraming.frame(1, data)).toEqual(Buffer.from([1, 0, 255, 10]))
  expect(binaryFraming.read(Buffer.from([1, 0, 255, 10]))).toEqual({ channel: 1, payload: data })
  expect(base64Framing.frame(1, data)).toBe('1AP8K')
  expect(base64Framing.read(Buffer.from('1AP8K'))).toEqual({ channel: 1, payload: data })
})

test('What is no message is undefined', () => {
  expect(binaryFraming.read(Buffer.alloc(0))).toBeUndefined()
  for (const text of ['', 'x', '1AP 8K', '1é', '=1']) {
    expect(base64Framing.read(Buffer.from(text))).toBeUndefined()
  }
})

test('The name of a protocol says how it frames', () => {
  expect(framingOf('v4.base64.channel.k8s.io')).toBe(base64Framing)
  expect(framingOf('base64.channel.k8s.io')).toBe(base64Framing)
  expect(framingOf('')).toBe(binaryFraming)
})
