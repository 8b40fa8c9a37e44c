import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer } from './apiserver.fake.ts'

let server: Awaited<ReturnType<typeof openTestServer>>
const maps = '/api/v1/namespaces/default/configmaps'

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server.close())

test.each([
  ['GET /api/v1/nope', 404, 'the server could not find the requested resource'],
  ['GET /api/v1/namespaces/default/nodes', 404, 'the server could not find the requested resource'],
  ['GET /api/v1/configmaps/one', 404, 'the server could not find the requested resource'],
  ['GET /apis/apps/v9', 404, 'the server could not find the requested resource'],
  ['GET /apis/apps/v9/things', 404, 'the server could not find the requested resource'],
  ['GET /api/v2', 404, 'the server could not find the requested resource'],
  ['GET /version/x', 404, 'the server could not find the requested resource'],
  [`GET ${maps}/..`, 400, `Name parameter invalid: "..": may not be '..'`],
  [`DELETE ${maps}/%2e`, 400, `Name parameter invalid: ".": may not be '.'`],
  [`GET ${maps}/a%25b`, 400, `Name parameter invalid: "a%b": may not contain '%'`],
  ['POST /metrics', 405, 'the server does not allow this method on the requested resource'],
  [`PUT ${maps}`, 405, 'the server does not allow this method on the requested resource'],
  [`POST ${maps}/x`, 405, 'the server does not allow this method on the requested resource'],
  [`HEAD ${maps}/x`, 405, 'the server does not allow this method on the requested resource'],
  [`OPTIONS ${maps}`, 405, 'the server does not allow this method on the requested resource'],
  [`GET ${maps}/x/nope`, 404, 'the server could not find the requested resource'],
  ['DELETE /api/v1/watch/secrets', 405, 'the server does not allow this method on the requested resource'],
  ['POST /api', 405, 'the server does not allow this method on the requested resource'],
])('%s is answered %i', async (line, status, message) => {
  const answer = await server.ask(line)
  expect([answer.status, answer.body.message]).toEqual([status, message])
})
