import { expect, test } from 'vitest'
import { admin, openTestServer } from '../apiserver.fake.ts'

const secrets = '/api/v1/namespaces/kube-system/secrets'
const good = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
  expiration: '2026-01-01T12:00:01Z',
  'auth-extra-groups': 'system:bootstrappers:one,system:bootstrappers:two:three',
}

async function start(stringData: Record<string, string>, type = 'bootstrap.kubernetes.io/token') {
  const world = await openTestServer()
  const name = 'bootstrap-token-abcdef'
  await world.ask(`POST ${secrets}`, { metadata: { name }, type, stringData }, { user: admin })
  const whoIs = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    const path = 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews'
    const { status, body } = await world.ask(path, {}, { user: undefined, headers })
    return status === 201 ? (body.status as { userInfo: object }).userInfo : status
  }
  return { ...world, whoIs }
}

test('Who has a bootstrap token is a bootstrapper, of the groups that its Secret names', async () => {
  const { whoIs, close } = await start(good)
  expect(await whoIs('abcdef.0123456789abcdef')).toEqual({
    username: 'system:bootstrap:abcdef',
    groups: [
      'system:bootstrappers',
      'system:bootstrappers:one',
      'system:bootstrappers:two:three',
      'system:authenticated',
    ],
  })
  expect(await whoIs('abcdef.0123456789abcdee')).toBe(401)
  expect(await whoIs('abcdeg.0123456789abcdef')).toBe(401)
  expect(await whoIs('abcdef')).toBe(401)
  await close()
})

test('A token ends at its expiration', async () => {
  const { whoIs, clock, close } = await start(good)
  await clock.advance(999)
  expect(await whoIs('abcdef.0123456789abcdef')).not.toBe(401)
  await clock.advance(1)
  expect(await whoIs('abcdef.0123456789abcdef')).toBe(401)
  await close()
})

test.each([
  ['of another type', good, 'Opaque'],
  ['that is not for authentication', { ...good, 'usage-bootstrap-authentication': 'false' }, undefined],
  ['with the id of another', { ...good, 'token-id': 'abcdeg' }, undefined],
  ['with a group of its own making', { ...good, 'auth-extra-groups': 'system:masters' }, undefined],
  ['with a time that is none', { ...good, expiration: 'tomorrow' }, undefined],
])('A Secret %s is no token', async (_what, data, type) => {
  const { whoIs, ask, close } = await start(data, type)
  expect(await whoIs('abcdef.0123456789abcdef')).toBe(401)
  const spec = { token: 'abcdef.0123456789abcdef' }
  const review = await ask('POST /apis/authentication.k8s.io/v1/tokenreviews', { spec })
  expect(review.body.status).toMatchObject({
    error: expect.stringContaining('kube-system/bootstrap-token-abcdef'),
  })
  await close()
})
