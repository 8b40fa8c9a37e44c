import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestServer } from '../apiserver.fake.ts'

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

/** Asks with nothing but the token. */
const askWith = (token: string, line = 'GET /api/v1/namespaces/default') =>
  server.ask(line, undefined, { user: undefined, headers: { authorization: `Bearer ${token}` } })

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

test('A token names its account, its audience and its time, and lets the account in', async () => {
  const { status, spec } = await issue({ expirationSeconds: 600 })
  expect(spec).toEqual({ audiences: [issuer], expirationSeconds: 600 })
  expect(status.expirationTimestamp).toBe('2026-01-01T12:10:00Z')
  const now = Date.UTC(2026, 0, 1, 12) / 1000
  expect(claimsOf(status.token)).toMatchObject({
    aud: [issuer],
    exp: now + 600,
    iat: now,
    nbf: now,
    iss: issuer,
    sub: 'system:serviceaccount:default:builder',
    'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'builder' } },
  })
  expect((await askWith(status.token)).status).toBe(200)
  const review = await server.ask(
    'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
    {},
    { user: undefined, headers: { authorization: `Bearer ${status.token}` } },
  )
  expect(review.body.status).toMatchObject({
    userInfo: {
      username: 'system:serviceaccount:default:builder',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${claimsOf(status.token).jti}`] },
    },
  })
})

test('A token ends with its time, its account and what it is bound to', async () => {
  const secrets = '/api/v1/namespaces/default/secrets'
  await server.ask(`POST ${secrets}`, { metadata: { name: 'keys' } })
  const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: 'keys' }
  const bound = await issue({ boundObjectRef })
  const unbound = await issue()
  const short = await issue({ expirationSeconds: 600 })
  expect((await askWith(bound.status.token)).status).toBe(200)
  await server.ask(`DELETE ${secrets}/keys`)
  expect((await askWith(bound.status.token)).status).toBe(401)
  await server.ask(`POST ${secrets}`, { metadata: { name: 'keys' } })
  expect((await askWith(bound.status.token)).status).toBe(401)
  expect((await askWith(short.status.token)).status).toBe(200)
  await server.clock.advance(601_000)
  expect((await askWith(short.status.token)).status).toBe(401)
  expect((await askWith(unbound.status.token)).status).toBe(200)
  await server.ask('DELETE /api/v1/namespaces/default/serviceaccounts/builder')
  expect((await askWith(unbound.status.token)).status).toBe(401)
})

test('A TokenReview says why a token of an account is not accepted', async () => {
  const { token } = (await issue({ expirationSeconds: 600 })).status
  const why = async () => {
    const review = await server.ask('POST /apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })
    return (review.body.status as { error?: string }).error
  }
  expect(await why()).toBeUndefined()
  await server.clock.advance(601_000)
  expect(await why()).toBe('[invalid bearer token, service account token has expired]')
  const other = await issue()
  await server.ask('DELETE /api/v1/namespaces/default/serviceaccounts/builder')
  const { body } = await server.ask('POST /apis/authentication.k8s.io/v1/tokenreviews', {
    spec: other.status,
  })
  expect(body.status).toEqual({
    user: {},
    error: '[invalid bearer token, service account token has been invalidated]',
  })
})

test('A token for others does not let anyone in here, and no forged one does', async () => {
  const other = await issue({ audiences: ['vault'] })
  expect((await askWith(other.status.token)).status).toBe(401)
  expect((await askWith('nonsense')).status).toBe(401)
})

test('What kubelets ask for lasts a year, so that clients that never read it again do not stop', async () => {
  const { status } = await issue({ expirationSeconds: 3607 })
  const claims = claimsOf(status.token)
  expect(status.expirationTimestamp).toBe('2026-01-01T13:00:07Z')
  expect(claims.exp - claims.iat).toBe(31536000)
  expect(claims['kubernetes.io'].warnafter - claims.iat).toBe(3607)
})
