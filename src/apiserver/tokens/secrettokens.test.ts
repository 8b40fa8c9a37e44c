import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestServer } from '../apiserver.fake.ts'
import { secretTokenIssuer } from './secrettokens.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const accounts = '/api/v1/namespaces/default/serviceaccounts'
const secrets = '/api/v1/namespaces/default/secrets'

let server: Awaited<ReturnType<typeof openTestServer>>
let token: string

beforeEach(async () => {
  server = await openTestServer({ serviceAccountTokens: { key, issuer: 'https://issuer' } })
  const { body } = await server.ask(`POST ${accounts}`, { metadata: { name: 'builder' } })
  const account = { name: 'builder', uid: (body as { metadata: { uid: string } }).metadata.uid }
  token = secretTokenIssuer(key)({ namespace: 'default', secretName: 'kept', account })
  await server.ask(`POST ${secrets}`, { metadata: { name: 'kept' }, stringData: { token } })
})
afterEach(() => server.close())

const ask = (bearer: string) =>
  server.ask('GET /api/v1/namespaces/default', undefined, {
    user: undefined,
    headers: { authorization: `Bearer ${bearer}` },
  })

test('A token is good while its Secret holds it', async () => {
  expect((await ask(token)).status).toBe(200)
  await server.clock.advance(2 * 3600_000)
  expect((await ask(token)).status).toBe(200)
  await server.ask(`DELETE ${secrets}/kept`)
  expect((await ask(token)).status).toBe(401)
  await server.ask(`POST ${secrets}`, { metadata: { name: 'kept' }, stringData: { token: 'another' } })
  expect((await ask(token)).status).toBe(401)
})

test('A token is no good for an account that was made anew', async () => {
  await server.ask(`DELETE ${accounts}/builder`)
  await server.ask(`POST ${accounts}`, { metadata: { name: 'builder' } })
  expect((await ask(token)).status).toBe(401)
})
