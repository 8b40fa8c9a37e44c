import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeClock } from '../../../component/clock.ts'
import { type LogFields, silentLogger } from '../../../component/log.ts'
import { openTestServer } from '../../apiserver.fake.ts'
import { TokenError } from '../tokenverifier.ts'
import { compileAuthentication } from './authenticationconfig.ts'
import { jsonFetcher } from './fetchjson.ts'
import { startIssuer } from './issuer.fake.ts'
import { type OIDCOptions, oidcTokens } from './oidctokens.ts'

let issuer: Awaited<ReturnType<typeof startIssuer>>
let clock: FakeClock
let warnings: LogFields[]
let nowSeconds: number
beforeEach(async () => {
  issuer = await startIssuer()
  clock = new FakeClock()
  nowSeconds = clock.now() / 1000
  warnings = []
})
afterEach(() => issuer.close())

const log = { ...silentLogger, warn: (_: string, fields: LogFields = {}) => void warnings.push(fields) }

function authenticator(options: Partial<OIDCOptions> = {}) {
  const { url, ca } = issuer
  return oidcTokens({ issuerURL: url, audiences: ['futago'], ca, ...options }, { clock, log })
}

const claims = (more: object = {}) => ({ aud: 'futago', sub: 'jane', exp: nowSeconds + 60, ...more })

/** The user, or why there is none. */
async function outcome(token: string, options: Partial<OIDCOptions> = {}) {
  try {
    return await authenticator(options)(token)
  } catch (error) {
    if (error instanceof TokenError) return error.message
    throw error
  }
}

describe('An ID token', () => {
  test('names its user with the issuer before the name, or as the options say', async () => {
    const token = issuer.token(claims({ email: 'jane@example', groups: ['dev', 'ops'], team: 'a', jti: '7' }))
    const extra = { 'authentication.kubernetes.io/credential-id': ['JTI=7'] }
    expect(await outcome(token)).toEqual({ name: `${issuer.url}#jane`, groups: [], extra })
    const options = { usernameClaim: 'email', groupsClaim: 'groups', groupsPrefix: 'oidc:' }
    expect(await outcome(token, options)).toMatchObject({
      name: 'jane@example',
      groups: ['oidc:dev', 'oidc:ops'],
    })
    expect(await outcome(token, { usernamePrefix: 'oidc:', groupsClaim: 'team' })).toMatchObject({
      name: 'oidc:jane',
      groups: ['a'],
    })
    expect(await outcome(token, { usernamePrefix: '', groupsClaim: 'nothing' })).toMatchObject({
      name: 'jane',
      groups: [],
    })
  })

  test('is for one of several audiences', async () => {
    expect(await outcome(issuer.token(claims({ aud: ['a', 'futago'] })))).toMatchObject({ groups: [] })
    expect(await outcome(issuer.token(claims({ aud: ['a'] })))).toBe(
      'oidc: expected audience "futago" got ["a"]',
    )
  })

  test.each([
    [{ exp: undefined }, {}, 'oidc: the token does not say when it expires'],
    [{ exp: -1 }, {}, 'oidc: token is expired since'],
    [{ nbf: 4_000_000_000 }, {}, 'oidc: token is not valid yet'],
    [{ sub: 7 }, {}, 'oidc: claim "sub" is not a name'],
    [{}, { usernameClaim: 'toString' }, 'oidc: claim "toString" is not a name'],
    [{ email: 'a@b', email_verified: false }, { usernameClaim: 'email' }, 'oidc: email not verified'],
    [{ email: 'a@b', email_verified: 'true' }, { usernameClaim: 'email' }, 'oidc: email not verified'],
    [
      { groups: [{}] },
      { groupsClaim: 'groups' },
      'oidc: claim "groups" is neither a group nor a list of groups',
    ],
    [{}, { requiredClaims: { hd: 'b' } }, 'oidc: required claim hd not present in ID token'],
    [
      { hd: 'a' },
      { requiredClaims: { hd: 'b' } },
      'oidc: required claim hd value does not match. Got = "a", want = b',
    ],
    [
      {},
      { signingAlgs: ['ES256'] },
      'oidc: id token signed with unsupported algorithm, expected ["ES256"] got "RS256"',
    ],
  ])('with %j is refused with the options %j', async (more, options, message) => {
    expect(await outcome(issuer.token(claims(more)), options)).toContain(message)
  })

  test('may begin some minutes from now, and have its email verified or nothing said of it', async () => {
    const options = { usernameClaim: 'email', requiredClaims: { hd: 'b' } }
    const token = issuer.token(claims({ email: 'a@b', email_verified: true, hd: 'b', nbf: nowSeconds + 299 }))
    expect(await outcome(token, options)).toMatchObject({ name: 'a@b' })
  })

  test('can be signed with ES256 where that is allowed, but not by somebody else', async () => {
    const signingAlgs = ['RS256', 'ES256']
    expect(await outcome(issuer.token(claims(), 'ES256'), { signingAlgs })).toMatchObject({ groups: [] })
    const other = await startIssuer()
    const forged = other.token({ ...claims(), iss: issuer.url })
    const { kid } = JSON.parse(Buffer.from(issuer.token(claims()).split('.')[0]!, 'base64url').toString())
    const named = other.token({ ...claims(), iss: issuer.url }, 'RS256', { kid })
    other.close()
    for (const token of [forged, named, `${issuer.token(claims()).slice(0, -4)}AAAA`]) {
      expect(await outcome(token)).toBe('oidc: failed to verify id token signature')
    }
  })

  test('of another issuer is left to others', async () => {
    expect(await outcome(issuer.token(claims({ iss: 'https://other.example' })))).toBeUndefined()
    expect(await outcome('abc')).toBeUndefined()
    expect(issuer.asked()).toEqual([])
  })
})

describe('The keys of an issuer', () => {
  const configuration = '/.well-known/openid-configuration'

  test('are asked for when the first token comes, once', async () => {
    const authenticate = authenticator()
    expect(issuer.asked()).toEqual([])
    await Promise.all([authenticate(issuer.token(claims())), authenticate(issuer.token(claims()))])
    await authenticate(issuer.token(claims()))
    expect(issuer.asked()).toEqual([configuration, '/keys'])
  })

  test('are asked for again when they change, but not at every unknown one', async () => {
    const authenticate = authenticator()
    await authenticate(issuer.token(claims()))
    issuer.rotate()
    const token = issuer.token(claims())
    await expect(authenticate(token)).rejects.toThrow('failed to verify')
    await clock.advance(10_000)
    expect(await authenticate(token)).toMatchObject({ groups: [] })
    for (const kid of ['a', 'b', 'c']) {
      await expect(authenticate(issuer.token(claims(), 'RS256', { kid }))).rejects.toThrow('failed to verify')
    }
    expect(issuer.asked()).toEqual([configuration, '/keys', configuration, '/keys'])
  })

  test('that the issuer withdrew are gone after an hour; those known stay while it is down', async () => {
    const authenticate = authenticator()
    const token = issuer.token(claims({ exp: nowSeconds + 90_000 }))
    await authenticate(token)
    issuer.state.isUp = false
    await clock.advance(3_600_001)
    expect(await authenticate(token)).toMatchObject({ groups: [] })
    issuer.state.isUp = true
    issuer.rotate()
    await clock.advance(10_000)
    await expect(authenticate(token)).rejects.toThrow('failed to verify')
  })

  test('cannot be had from an issuer that is down; that is no end', async () => {
    const authenticate = authenticator()
    issuer.state.isUp = false
    const why = `Cannot fetch ${issuer.url}${configuration}: the answer is 503, expected 200`
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(authenticate(issuer.token(claims()))).rejects.toThrow(`oidc: ${why}`)
    }
    expect(warnings).toEqual([{ error: why }])
    issuer.state.isUp = true
    await clock.advance(10_000)
    expect(await authenticate(issuer.token(claims()))).toMatchObject({ groups: [] })
  })

  test('count only when the configuration is about this issuer, whose address is vouched for', async () => {
    issuer.state.issuer = 'https://other.example'
    expect(await outcome(issuer.token(claims()))).toContain(
      `is about the issuer "https://other.example", expected "${issuer.url}"`,
    )
    const url = `${issuer.url}${configuration}`
    await expect(jsonFetcher({})(url)).rejects.toThrow(/^Cannot fetch .*: .*certificate/)
    await expect(jsonFetcher({})(url.replace('https', 'http'))).rejects.toThrow('expected https')
  })
})

test.each(['IPv4', 'IPv6'] as const)(
  'A server asks an issuer over %s, for requests and reviews',
  async family => {
    const own = await startIssuer(family)
    const server = await openTestServer({
      tokenAuthenticators: [
        oidcTokens({ issuerURL: own.url, audiences: ['futago'], ca: own.ca }, { clock, log: silentLogger }),
      ],
    })
    const ask = (token: string) =>
      server.ask(
        'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
        {},
        { user: undefined, headers: { authorization: `Bearer ${token}` } },
      )
    const { status, body } = await ask(own.token(claims()))
    expect([status, body.status]).toEqual([
      201,
      { userInfo: { username: `${own.url}#jane`, groups: ['system:authenticated'] } },
    ])
    expect((await ask(own.token(claims({ aud: 'x' })))).status).toBe(401)
    const review = await server.ask('POST /apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: own.token(claims({ aud: 'x' })) },
    })
    expect(review.body.status).toEqual({
      user: {},
      error: '[invalid bearer token, oidc: expected audience "futago" got "x"]',
    })
    await server.close()
    own.close()
  },
)

describe('An AuthenticationConfiguration', () => {
  const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' }
  const username = { claim: 'sub', prefix: '' }
  const documentOf = (more: object = {}, mappings: object = {}) => ({
    ...head,
    jwt: [
      {
        issuer: { url: 'https://a.example', audiences: ['a'] },
        claimMappings: { username, ...mappings },
        ...more,
      },
    ],
  })

  test('names several issuers, each with its own audiences and claims', async () => {
    const other = await startIssuer('IPv6')
    const { url, ca: certificateAuthority } = issuer
    const { issuers: configured } = compileAuthentication({
      ...head,
      jwt: [
        {
          issuer: { url, certificateAuthority, audiences: ['x', 'futago'], audienceMatchPolicy: 'MatchAny' },
          claimValidationRules: [{ claim: 'hd', requiredValue: 'b' }],
          claimMappings: {
            username: { claim: 'name', prefix: 'one:' },
            groups: { claim: 'groups', prefix: '' },
            uid: { claim: 'sub' },
          },
        },
        {
          issuer: {
            url: other.url,
            discoveryURL: `${other.url}/.well-known/openid-configuration?a`,
            certificateAuthority: other.ca,
            audiences: ['futago'],
          },
          claimMappings: { username },
        },
      ],
    })
    const [first, second] = configured.map(options => oidcTokens(options, { clock, log }))
    const token = issuer.token(claims({ name: 'jane', groups: ['dev'], hd: 'b' }), 'ES256')
    expect(await first!(token)).toEqual({ name: 'one:jane', uid: 'jane', groups: ['dev'] })
    await expect(first!(issuer.token(claims({ name: 'jane' })))).rejects.toThrow('required claim hd')
    await expect(first!(issuer.token(claims({ aud: 'y', name: 'jane', hd: 'b' })))).rejects.toThrow(
      'oidc: expected audience "x" or "futago" got "y"',
    )
    expect(await second!(token)).toBeUndefined()
    await expect(second!(other.token(claims()))).rejects.toThrow('the answer is 503')
    expect(other.asked()).toEqual(['/.well-known/openid-configuration?a'])
    other.close()
  })

  test('says whether requests may be anonymous, and where', () => {
    expect(compileAuthentication(head)).toEqual({ issuers: [] })
    const conditions = [{ path: '/livez' }, { path: '/version' }]
    expect(compileAuthentication({ ...head, anonymous: { enabled: true, conditions } })).toEqual({
      issuers: [],
      anonymous: { enabled: true, paths: ['/livez', '/version'] },
    })
    expect(compileAuthentication({ ...head, anonymous: { enabled: false } }).anonymous).toEqual({
      enabled: false,
    })
  })

  test.each<[object, string]>([
    [{ kind: 'AuthenticationConfiguration' }, 'apiVersion: it is missing'],
    [{ ...head, anonymous: {} }, 'anonymous.enabled: it is missing'],
    [
      { ...head, anonymous: { enabled: false, conditions: [{ path: '/livez' }] } },
      'anonymous.conditions: enabled should be set to true when conditions are defined',
    ],
    [
      documentOf({ issuer: { url: 'http://a', audiences: ['a'] } }),
      'jwt[0].issuer.url: "http://a" is no URL',
    ],
    [documentOf({ issuer: { url: 'https://a', audiences: [] } }), 'at least one audience is required'],
    [documentOf({ userValidationRules: [] }), 'jwt[0].userValidationRules: is not supported here'],
    [
      documentOf({ claimValidationRules: [{ expression: 'true' }] }),
      'claimValidationRules[0].expression: is not',
    ],
    [documentOf({}, { username: { claim: 'sub' } }), 'jwt[0].claimMappings.username.prefix: it is missing'],
    [
      documentOf({}, { username: { expression: 'claims.sub' } }),
      'username.expression: is not supported here',
    ],
    [documentOf({}, { extra: [] }), 'jwt[0].claimMappings.extra: is not supported here'],
    [
      { ...head, jwt: [...documentOf().jwt, ...documentOf().jwt] },
      'jwt[1].issuer.url: "https://a.example" occurs twice',
    ],
  ])('%j is refused: %s', (document, message) => {
    expect(() => compileAuthentication(document)).toThrow(message)
  })
})
