import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../component/log.ts'
import { openTestServer } from '../apiserver.fake.ts'
import { ServerRequest } from '../request.ts'
import { tokenAuthenticator } from './bearer.ts'
import { verifierOf } from './tokenverifier.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const issuer = 'https://kubernetes.default.svc.cluster.local'

let server: Awaited<ReturnType<typeof openTestServer>>
beforeEach(async () => {
  server = await openTestServer({ serviceAccountTokens: { key, issuer } })
  await server.ask('POST /api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'builder' } })
})
afterEach(() => server.close())

const path = '/api/v1/namespaces/default/serviceaccounts/builder/token'

interface Issued {
  readonly status: { readonly token: string; readonly expirationTimestamp: string }
  readonly spec: Record<string, unknown>
}

async function issue(spec: object = {}): Promise<Issued> {
  const { status, body, text } = await server.ask(`POST ${path}`, { spec })
  if (status !== 201) throw new Error(text)
  return body as unknown as Issued
}

test('A TokenReview tells whose token it is, for the audiences that ask', async () => {
  const other = await issue({ audiences: ['vault'] })
  const review = (spec: object) => server.ask('POST /apis/authentication.k8s.io/v1/tokenreviews', { spec })
  expect((await review({ token: other.status.token })).body.status).toMatchObject({
    error:
      '[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ' +
      `["${issuer}"]]`,
  })
  expect((await review({ token: other.status.token, audiences: ['vault', 'x'] })).body.status).toMatchObject({
    authenticated: true,
    audiences: ['vault'],
    user: { username: 'system:serviceaccount:default:builder' },
  })
})

test('Anyone who is known can read how tokens are checked', async () => {
  expect((await server.ask('GET /')).body.paths).toEqual(
    expect.arrayContaining(['/.well-known/openid-configuration', '/openid/v1/jwks']),
  )
  const { contentType, body } = await server.ask('GET /openid/v1/jwks')
  expect(contentType).toBe('application/jwk-set+json')
  expect(body).toMatchObject({ keys: [{ kty: 'EC', alg: 'ES256', crv: 'P-256' }] })
  const asked = { headers: { host: 'api.example:6443' } }
  expect((await server.ask('GET /.well-known/openid-configuration', undefined, asked)).body).toEqual({
    issuer,
    jwks_uri: 'https://api.example:6443/openid/v1/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  })
})

test('A token that nobody knows is refused everywhere; whoever shows none is anonymous', async () => {
  const statusOf = async (authorization: string) =>
    (await server.ask('GET /version', undefined, { user: undefined, headers: { authorization } })).status
  const { token } = (await issue()).status
  for (const text of [`Bearer ${token}`, `bearer ${token} `, 'Basic YTpi', 'Bearer', 'Bearer ', 'x', '']) {
    expect(await statusOf(text), text).toBe(200)
  }
  for (const text of ['Bearer x', 'BEARER x y', `Bearer ${token}x`]) {
    expect(await statusOf(text), text).toBe(401)
  }
})

test('A browser may show its token among the subprotocols of a WebSocket', async () => {
  const { token } = (await issue()).status
  const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`
  const statusOf = async (headers: Record<string, string>) =>
    (await server.ask('GET /api', undefined, { user: undefined, headers })).status
  const jane = { name: 'jane', groups: [] }
  const verifier = verifierOf(shown => (shown === token ? jane : undefined), undefined)
  const protocols = { 'sec-websocket-protocol': `v5.channel.k8s.io, ${protocol}` }
  const headers = { ...protocols, upgrade: 'websocket' }
  expect(
    await tokenAuthenticator(
      verifier,
      silentLogger,
    )(new ServerRequest({ method: 'GET', target: '/', headers })),
  ).toBe(jane)
  expect(headers['sec-websocket-protocol']).toBe('v5.channel.k8s.io')
  expect(await statusOf({ ...protocols, upgrade: 'websocket' })).toBe(200)
  expect(await statusOf(protocols)).toBe(401)
  expect(await statusOf({ 'sec-websocket-protocol': `${protocol}x`, upgrade: 'websocket' })).toBe(401)
  expect(await statusOf({ 'sec-websocket-protocol': 'v5.channel.k8s.io', upgrade: 'websocket' })).toBe(401)
})
