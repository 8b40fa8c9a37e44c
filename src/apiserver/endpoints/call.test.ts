import { expect, test } from 'vitest'
import { cloneJSON } from './call.ts'

test('cloneJSON() copies deeply and leaves out what JSON would', () => {
  const inner = { a: [1, { b: null }], gone: undefined }
  const copy = cloneJSON({ inner, at: new Date(0) })
  expect(copy).toEqual({ inner: { a: [1, { b: null }] }, at: '1970-01-01T00:00:00.000Z' })
  expect('gone' in copy.inner).toBe(false)
  expect(copy.inner.a).not.toBe(inner.a)
})

test('cloneJSON() copies a key named __proto__ as data', () => {
  const copy = cloneJSON(JSON.parse('{"labels":{"x":"y"}}'))
  expect(copy).toEqual({ labels: { x: 'y' } })
})
