import { expect, test } from 'vitest'
import { frameChunks } from './replystream.ts'

test('frameChunks() puts one HTTP chunk around all buffers', () => {
  expect(frameChunks([Buffer.from('hello '), Buffer.from('world, hello')]).toString()).toBe(
    '12\r\nhello world, hello\r\n',
  )
})

test('The same buffers are framed once for all clients, others anew', () => {
  const [a, b] = [Buffer.from('a'), Buffer.from('b')]
  const framed = frameChunks([a, b])
  expect(frameChunks([a, b])).toBe(framed)
  expect(frameChunks([b, a]).toString()).toBe('2\r\nba\r\n')
  expect(frameChunks([a]).toString()).toBe('1\r\na\r\n')
})
