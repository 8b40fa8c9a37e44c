import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { maxBodyBytes, readBody } from './httpmessage.ts'

function message(headers: Record<string, string> = {}) {
  const stream = new PassThrough()
  return Object.assign(stream, { headers, complete: true }) as unknown as PassThrough & IncomingMessage
}

test('readBody() joins what arrives', async () => {
  const sent = message()
  const body = readBody(sent)
  sent.write('ab')
  sent.end('cd')
  expect(String(await body)).toBe('abcd')
})

test('readBody() refuses a body that is too long, announced or not', async () => {
  await expect(readBody(message({ 'content-length': String(maxBodyBytes + 1) }))).rejects.toMatchObject({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: 'Request entity too large: limit is 3145728',
  })
  const sent = message()
  const body = readBody(sent)
  sent.end(Buffer.alloc(maxBodyBytes + 1))
  await expect(body).rejects.toMatchObject({ code: 413 })
})

test('readBody() fails when the client goes away in the middle', async () => {
  const sent = Object.assign(message(), { complete: false })
  const body = readBody(sent)
  sent.write('ab')
  sent.destroy()
  await expect(body).rejects.toThrow('the body of the request was cut off')
})
