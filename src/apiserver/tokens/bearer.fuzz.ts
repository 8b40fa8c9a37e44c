import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { almost, anyJSON, anyText, fuzzAsync } from '../../../test/fuzzing.ts'
import { openTestServer } from '../apiserver.fake.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const issuer = 'https://issuer'

let server: Awaited<ReturnType<typeof openTestServer>>
let issued: string
beforeAll(async () => {
  server = await openTestServer({ serviceAccountTokens: { key, issuer } })
  const path = '/api/v1/namespaces/default/serviceaccounts'
  await server.ask(`POST ${path}`, { metadata: { name: 'builder' } })
  const { body } = await server.ask(`POST ${path}/builder/token`, { spec: {} })
  issued = (body as unknown as { status: { token: string } }).status.token
})
afterAll(() => server.close())

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const odd = fc.oneof(
  anyJSON,
  fc.constantFrom({ toString: null }, [], -1, '', 'none', 'HS256', 'ES256', 'RS256'),
)
const header = fc.oneof(anyJSON, fc.record({ alg: odd, typ: odd, kid: odd }))
const claims = fc.oneof(
  anyJSON,
  fc.record({
    iss: fc.constantFrom(issuer, 'kubernetes/serviceaccount', 'x'),
    sub: odd,
    aud: odd,
    exp: odd,
    nbf: odd,
  }),
)
const forged = fc
  .tuple(header, claims, fc.base64String())
  .map(([a, b, c]) => `${encoded(a)}.${encoded(b)}.${c}`)

test('Whatever is sent as a token without the signature of the cluster is 401', async () => {
  const pieces = ['.', '..', '=', '-', '_', '%', 'e30', 'bnVsbA', '\0']
  const given = fc.oneof(anyText, forged, almost(fc.constant(issued), pieces))
  await fuzzAsync(
    fc.asyncProperty(
      given,
      fc.constantFrom('Bearer ', 'bearer ', 'Bearer', 'Basic ', ''),
      async (token, scheme) => {
        // Base64 has several spellings of the same last bits.
        fc.pre(!token.startsWith(issued.slice(0, -1)))
        const asking = { user: undefined, headers: { authorization: scheme + token } }
        const { status } = await server.ask('GET /api/v1/namespaces/default', undefined, asking)
        expect([401, 403]).toContain(status)
      },
    ),
    800,
  )
})
