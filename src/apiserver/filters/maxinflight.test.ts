import { expect, test } from 'vitest'
import { textReply } from '../reply.ts'
import { type Reply, ServerRequest } from '../request.ts'
import { maxInFlight } from './maxinflight.ts'

function request(method: string, target: string, groups: readonly string[] = []): ServerRequest {
  const made = new ServerRequest({ method, target })
  made.user = { name: 'jane', groups }
  return made
}

test('Above the limit requests get 429 until one is done; reads and administrators are apart', async () => {
  const filter = maxInFlight({ reading: 5, mutating: 1 })
  let finish: (reply: Reply) => void = () => undefined
  const held = filter(request('POST', '/api/v1/pods'), () => new Promise(resolve => (finish = resolve)))
  const ok = async () => textReply(200, 'ok')
  const refused = await filter(request('POST', '/api/v1/pods'), ok)
  expect([refused.status, refused.headers?.['retry-after'], String(refused.body)]).toEqual([
    429,
    '1',
    'Too many requests, please try again later.\n',
  ])
  expect((await filter(request('GET', '/api/v1/pods'), ok)).status).toBe(200)
  expect((await filter(request('POST', '/api/v1/namespaces/a/pods/a/exec'), ok)).status).toBe(200)
  expect((await filter(request('POST', '/api/v1/pods', ['system:masters']), ok)).status).toBe(200)
  finish(textReply(201, 'created'))
  expect((await held).status).toBe(201)
  expect((await filter(request('POST', '/api/v1/pods'), ok)).status).toBe(200)
})
