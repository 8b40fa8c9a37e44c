import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer } from '../apiserver.fake.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

let server: Awaited<ReturnType<typeof openTestServer>>
beforeAll(async () => {
  server = await openTestServer({ serviceAccountTokens: { key, issuer: 'https://issuer' } })
  await server.ask('POST /api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await server.ask('POST /api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'builder' } })
  await server.ask('POST /api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }], nodeName: 'n' },
  })
})
afterAll(() => server.close())

const path = '/api/v1/namespaces/default/serviceaccounts'
const ask = (account: string, spec: object) => server.ask(`POST ${path}/${account}/token`, { spec })

test('A token bound to a Pod names the Pod and its node', async () => {
  const { body } = await ask('default', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' } })
  const { token } = (body as unknown as { status: { token: string } }).status
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
  expect(claims['kubernetes.io']).toMatchObject({ pod: { name: 'p' }, node: { name: 'n' } })
})

test.each([
  [{ expirationSeconds: 599 }, 422, 'may not specify a duration less than 10 minutes'],
  [{ expirationSeconds: 2 ** 32 + 1 }, 422, 'may not specify a duration larger than 2^32 seconds'],
  [
    { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' } },
    400,
    'cannot bind token for serviceaccount "builder" to pod running with different serviceaccount name.',
  ],
  [
    { boundObjectRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
    400,
    'cannot bind token for serviceaccount "builder" to type apps/v1, Kind=Deployment',
  ],
  [{ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'none' } }, 404, 'secrets "none" not found'],
])('A request for %j is refused', async (spec, code, message) => {
  const { status, body } = await ask('builder', spec)
  expect(status).toBe(code)
  expect(body.message).toContain(message)
})

test('A Pod that was made again is another Pod', async () => {
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'old' }
  expect((await ask('default', { boundObjectRef })).body).toMatchObject({ code: 409, reason: 'Conflict' })
})

test('An account that does not exist gets no token', async () => {
  expect((await ask('nobody', {})).body.message).toBe('serviceaccounts "nobody" not found')
})
